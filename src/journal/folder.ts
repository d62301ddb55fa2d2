import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { saveCursor } from './cursor.ts';
import type { DamageReports } from './damage.ts';
import { appendedAtOf } from './record.ts';
import { recoverFolder } from './recovery.ts';
import { type Segment, segmentFor } from './segment.ts';

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

  /** What a dead writer left; null when that is nothing. */
  static recover(path: string, reports: DamageReports): JournalFolder | null {
    const { segments, lastSequence, cursor } = recoverFolder(path, reports);
    const segment = segments.find(({ firstSequence }) => firstSequence === cursor.segment);
    if (segment === undefined) return null;
    const position = { segment, offset: cursor.offset, sequence: cursor.sequence };
    return new JournalFolder(path, segments, lastSequence, position, reports);
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
    while (this.segments[0] !== this.position.segment) {
      const segment = this.segments.shift();
      if (segment === undefined) break;
      await this.#dispose(segment);
    }
    const { segment, offset, sequence } = this.position;
    await saveCursor(this.path, { sequence, segment: segment.firstSequence, offset });
  }

  async #dispose(segment: Segment): Promise<void> {
    if (!segment.isDamaged) return rm(segment.path, { force: true });
    const name = `${basename(this.path)}-${basename(segment.path)}.damaged`;
    await mkdir(this.reports.folder, { recursive: true });
    await rename(segment.path, join(this.reports.folder, name));
  }

  /** Removes a folder that has been handled to its end. */
  async remove(): Promise<void> {
    for (const segment of this.segments.splice(0)) await this.#dispose(segment);
    await rm(this.path, { recursive: true, force: true });
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
