import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { hasCode } from '../core/error-code.ts';
import { AllotError } from '../core/errors.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { JournalFolder } from './folder.ts';
import { MAX_KEY_BYTES, MAX_RECORD_BYTES, type NewRecord, encodeRecord, roomFor } from './record.ts';
import { type OpenSegment, syncSegment } from './open-segment.ts';
import { segmentFor } from './segment.ts';
import { syncFolder, syncFolderAside } from './sync-folder.ts';

/** A loss of power may take what was accepted in this time (`group`); a kill -9 takes nothing. */
export const GROUP_SYNC_MS = 20;
/** After a refused write, or a failed sync, the disk is tried again this much later, not at every request. */
const RETRY_MS = 500;

export interface WriterOptions {
  readonly segmentBytes: number;
  readonly sync: 'group' | 'commit';
  readonly logger: Logger;
}

/**
 * Appends to the last segment of a folder. A write either lands whole or is taken back (`ftruncate` to the end of
 * the last whole record) and refused with `journal_full`.
 */
export class SegmentWriter {
  readonly #folder: JournalFolder;
  readonly #options: WriterOptions;
  #last: OpenSegment;
  /** Full segments that are not on the disk yet. */
  #full: OpenSegment[] = [];
  #isFolderChanged = true;
  #hasTornWrite = false;
  #blockedUntil = 0;
  #timer: NodeJS.Timeout | null = null;
  #isFailing = false;
  #isClosed = false;
  #syncing: Promise<void> | null = null;
  #syncedSequence = 0;
  #buffer = Buffer.allocUnsafe(64 * 1024);

  constructor(folder: JournalFolder, options: WriterOptions) {
    this.#folder = folder;
    this.#options = options;
    const segment = folder.segments[folder.segments.length - 1];
    this.#last = {
      segment,
      file: openSync(segment.path, 'r+'),
      syncedBytes: segment.bytes,
      isDoubtful: false,
    };
  }

  isBlocked(now: number): boolean {
    return now < this.#blockedUntil;
  }

  /** Encodes into a buffer that the next call reuses; sequences follow the last record. */
  encode(records: readonly NewRecord[], now: number): Buffer {
    let room = 0;
    for (const record of records) room += roomFor(record);
    if (room > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(room * 2);
    let end = 0;
    let sequence = this.#folder.lastSequence;
    for (const { key, value } of records) {
      sequence += 1;
      const start = end;
      end = encodeRecord(this.#buffer, start, { key, value, sequence, appendedAt: now });
      checkSize(key, end - start);
    }
    return this.#buffer.subarray(0, end);
  }

  /** Writes what `encode` made of `count` records, whole or not at all. */
  write(bytes: Buffer, count: number, now: number): void {
    try {
      const held = this.#last.segment.bytes;
      if (held > 0 && held + bytes.length > this.#options.segmentBytes) this.roll();
      this.#writeWhole(bytes);
    } catch (error) {
      const isFirst = !this.isBlocked(now);
      this.#blockedUntil = now + RETRY_MS;
      if (isFirst)
        this.#options.logger.error(
          { error, folder: this.#folder.path },
          'journal: a write failed, nothing was kept',
        );
      throw new AllotError('journal_full', 'the journal cannot be written', { cause: error });
    }
    this.#last.segment.bytes += bytes.length;
    this.#folder.lastSequence += count;
    if (this.#options.sync === 'commit') this.#syncedSequence = this.#folder.lastSequence;
    else this.#syncIn(GROUP_SYNC_MS);
  }

  /** False once the file it writes in has been removed, by whoever has taken the folder. */
  hasFile(): boolean {
    return fstatSync(this.#last.file).nlink > 0;
  }

  #writeWhole(bytes: Buffer): void {
    const { file, segment } = this.#last;
    const start = segment.bytes;
    this.#takeBack();
    try {
      for (let done = 0; done < bytes.length;) {
        const written = writeSync(file, bytes, done, bytes.length - done, start + done);
        if (written === 0) throw new Error('the file system took no bytes');
        done += written;
      }
      if (this.#options.sync === 'commit') this.#syncNow();
    } catch (error) {
      this.#hasTornWrite = true;
      this.#takeBack();
      throw error;
    }
  }

  /** What was refused must be gone before anything follows it: it may be whole, and then a reader would take it. */
  #takeBack(): void {
    if (!this.#hasTornWrite) return;
    ftruncateSync(this.#last.file, this.#last.segment.bytes);
    this.#hasTornWrite = false;
  }

  /** Starts the next segment; the full one is synced with the next group. */
  roll(): void {
    this.#takeBack();
    const segment = segmentFor(this.#folder.path, this.#folder.lastSequence + 1);
    const file = openSync(segment.path, 'w+');
    if (this.#options.sync === 'commit') closeSync(this.#last.file);
    else this.#full.push(this.#last);
    this.#last = { segment, file, syncedBytes: 0, isDoubtful: false };
    this.#isFolderChanged = true;
    this.#folder.segments.push(segment);
  }

  #syncNow(): void {
    fdatasyncSync(this.#last.file);
    if (!this.#isFolderChanged) return;
    syncFolder(this.#folder.path);
    this.#isFolderChanged = false;
  }

  #syncIn(milliseconds: number): void {
    this.#timer ??= setTimeout(this.#onTimer, milliseconds).unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.sync().catch((error: unknown) => {
      if (!this.#isFailing)
        this.#options.logger.error({ error, folder: this.#folder.path }, 'journal: fdatasync failed');
      this.#isFailing = true;
      if (!this.#isClosed) this.#syncIn(RETRY_MS);
    });
  };

  /** Resolves when everything written before the call is on the disk. */
  async sync(): Promise<void> {
    const target = this.#folder.lastSequence;
    while (this.#syncedSequence < target) {
      this.#syncing ??= this.#syncGroup().finally(() => (this.#syncing = null));
      await this.#syncing;
    }
  }

  async #syncGroup(): Promise<void> {
    const reached = this.#folder.lastSequence;
    let failure: Error | undefined;
    for (const one of [...this.#full, this.#last])
      await syncSegment(one).catch((error: Error) => (failure ??= error));
    if (this.#isFolderChanged) await this.#syncFolder();
    this.#closeSynced();
    if (failure !== undefined) {
      this.#leaveDoubtful();
      throw failure;
    }
    this.#syncedSequence = reached;
    this.#isFailing = false;
  }

  /** Of the full segments those that are on the disk, or need not be any more. */
  #closeSynced(): void {
    const isDone = ({ segment, syncedBytes }: OpenSegment): boolean =>
      syncedBytes === segment.bytes || !this.#folder.segments.includes(segment);
    for (const { file } of this.#full.filter(isDone)) closeSync(file);
    this.#full = this.#full.filter((one) => !isDone(one));
  }

  /** What is accepted from now on goes to other blocks of the disk. */
  #leaveDoubtful(): void {
    try {
      if (this.#last.isDoubtful && this.#last.segment.bytes > 0 && !this.#isClosed) this.roll();
    } catch (error) {
      this.#options.logger.warn({ error, folder: this.#folder.path }, 'journal: no new segment');
    }
  }

  /** Until it has worked once, the next group tries again: a segment without its name would be lost. */
  async #syncFolder(): Promise<void> {
    this.#isFolderChanged = false;
    try {
      await syncFolderAside(this.#folder.path);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return; // another process has adopted the folder
      this.#isFolderChanged = true;
      throw error;
    }
  }

  /** Syncs and closes; nothing may be written afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      await this.sync();
    } finally {
      for (const { file } of [...this.#full.splice(0), this.#last]) closeSync(file);
    }
  }
}

function checkSize(key: string, bytes: number): void {
  if (bytes <= MAX_RECORD_BYTES && key.length * 3 <= MAX_KEY_BYTES) return;
  const rule = `at most ${String(MAX_RECORD_BYTES)} bytes, its key at most ${String(MAX_KEY_BYTES / 3)} characters`;
  throw new AllotError('invalid_request', `an event has ${rule}`, { violations: [{ field: 'event', rule }] });
}
