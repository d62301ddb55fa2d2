import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '../core/error-code.ts';
import { CURSOR_FILE, saveCursor } from './cursor.ts';
import type { DamageReports } from './damage.ts';
import { OWNER_FILE } from './owner.ts';
import { appendedAtOf } from './record.ts';
import { readOn, recoverFolder } from './recovery.ts';
import { type Segment, segmentFor } from './segment.ts';

export const ADOPTED_FOLDER = 'adopted';

/** The cursor is saved so often while records flow, when none came for so long, and when delivery stops: a save is four calls of the file system. */
export const CURSOR_MS = 100;

/** A place between two records: everything up to `sequence` lies before it. */
export interface Position {
  readonly segment: Segment;
  readonly offset: number;
  readonly sequence: number;
}

/** The segments of one writer, and how far they have been handled. Numbers of `segments` only grow. */
export class JournalFolder {
  readonly path: string;
  readonly segments: Segment[];
  readonly reports: DamageReports;
  /** Sequence of the last whole record. */
  lastSequence: number;
  /** Everything before it has been handled. */
  position: Position;
  #oldest: { readonly sequence: number; readonly appendedAt: number | null } | null = null;
  #isCursorSaved = true;
  #cursorSavedAt = -Infinity;

  private constructor(path: string, segments: Segment[], last: number, at: Position, reports: DamageReports) {
    this.path = path;
    this.segments = segments;
    this.lastSequence = last;
    this.position = at;
    this.reports = reports;
  }

  /** For a writer to fill; the first segment is there, empty. */
  static create(path: string, reports: DamageReports): JournalFolder {
    const segment = segmentFor(path, 1);
    closeSync(openSync(segment.path, 'wx'));
    return new JournalFolder(path, [segment], 0, { segment, offset: 0, sequence: 0 }, reports);
  }

  /** What a dead writer left; one without a segment is at its end. */
  static recover(path: string, reports: DamageReports): JournalFolder {
    const { segments, lastSequence, cursor } = recoverFolder(path, reports);
    const { sequence, offset } = cursor;
    const segment = segments.find(({ firstSequence }) => firstSequence === cursor.segment);
    const position = { segment: segment ?? segmentFor(path, 1), offset, sequence };
    return new JournalFolder(path, segments, lastSequence, position, reports);
  }

  /** Takes in whole records that a writer thought dead has added since; false when there are none. */
  readOn(): boolean {
    const last = this.segments.at(-1);
    const sequence = last === undefined ? this.lastSequence : readOn(last, this.lastSequence);
    const isMore = sequence > this.lastSequence;
    this.lastSequence = sequence;
    return isMore;
  }

  get pendingRecords(): number {
    return Math.max(0, this.lastSequence - this.position.sequence);
  }

  get pendingBytes(): number {
    return Math.max(0, this.storedBytes - this.position.offset);
  }

  get storedBytes(): number {
    let bytes = 0;
    for (const segment of this.segments) bytes += segment.bytes;
    return bytes;
  }

  /** The segment behind `segment`, or null at the end. */
  after(segment: Segment): Segment | null {
    return this.segments[this.segments.indexOf(segment) + 1] ?? null;
  }

  /** Moves past segments that are read to their end; nothing is written. */
  moveTo(position: Position): void {
    let { segment, offset } = position;
    for (
      let next = this.after(segment);
      next !== null && offset >= segment.bytes;
      next = this.after(segment)
    ) {
      segment = next;
      offset = 0;
    }
    this.position = { segment, offset, sequence: position.sequence };
  }

  /**
   * Everything before `position` has taken effect. Segments go before the cursor is saved: on a full disk that is
   * what makes room for the cursor, and a cursor that points into a removed segment is understood.
   */
  async commit(position: Position): Promise<void> {
    this.moveTo(position);
    const { segment } = this.position;
    const isDue = performance.now() - this.#cursorSavedAt >= CURSOR_MS || this.segments[0] !== segment;
    this.#isCursorSaved = false;
    try {
      while (this.segments[0] !== segment) await this.#disposeFirst();
    } finally {
      if (isDue) await this.saveCursor();
    }
  }

  /** For whoever reads on after this process; what it does not know of comes again. */
  async saveCursor(): Promise<void> {
    if (this.#isCursorSaved) return;
    const { segment, offset, sequence } = this.position;
    await saveCursor(this.path, { sequence, segment: segment.firstSequence, offset });
    this.#isCursorSaved = true;
    this.#cursorSavedAt = performance.now();
  }

  /** A damaged one is kept aside, so it leaves the list only when that has worked. */
  async #disposeFirst(): Promise<void> {
    const [segment] = this.segments;
    if (segment.isDamaged) {
      const name = `${basename(this.path)}-${basename(segment.path)}.damaged`;
      await mkdir(this.reports.folder, { recursive: true });
      await rename(segment.path, join(this.reports.folder, name)).catch((error: unknown) => {
        if (!hasCode(error, 'ENOENT')) throw error;
      });
    } else await rm(segment.path, { force: true });
    this.segments.shift();
  }

  /** Removes a folder that has been handled to its end, by its parts: one that holds anything else is refused. */
  async remove(): Promise<void> {
    await removeEmptyFolder(join(this.path, ADOPTED_FOLDER));
    while (this.segments.length > 0) await this.#disposeFirst();
    for (const name of [CURSOR_FILE, `${CURSOR_FILE}.next`, OWNER_FILE])
      await rm(join(this.path, name), { force: true });
    await removeEmptyFolder(this.path);
  }

  /** When the oldest record that is not handled was appended; null when there is none. */
  oldestAppendedAt(): number | null {
    if (this.pendingRecords === 0) return null;
    this.moveTo(this.position);
    const { segment, offset, sequence } = this.position;
    if (this.#oldest?.sequence !== sequence)
      this.#oldest = { sequence, appendedAt: peekTime(segment, offset) };
    return this.#oldest.appendedAt;
  }
}

function peekTime(segment: Segment, offset: number): number | null {
  const header = Buffer.alloc(24);
  try {
    const file = openSync(segment.path, 'r');
    try {
      return readSync(file, header, 0, 24, offset) === 24 ? appendedAtOf(header, 0) : null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

async function removeEmptyFolder(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}
