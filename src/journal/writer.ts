import { closeSync, fdatasyncSync, fsync, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../core/error-code.ts';
import { AllotError } from '../core/errors.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { JournalFolder } from './folder.ts';
import { MAX_KEY_BYTES, MAX_RECORD_BYTES, type NewRecord, encodeRecord, roomFor } from './record.ts';
import { segmentFor } from './segment.ts';
import { syncFolder } from './sync-folder.ts';

const datasync = promisify(fdatasync);
const fullSync = promisify(fsync);

/** A loss of power may take what was accepted in this time (`group`); a kill -9 takes nothing. */
export const GROUP_SYNC_MS = 20;
/** After a refused write the disk is tried again this much later, not at every request. */
const RETRY_WRITE_MS = 500;

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
  #file: number;
  /** Full segments that are not on the disk yet. */
  #unsynced: number[] = [];
  #isFolderChanged = true;
  #hasTornWrite = false;
  #blockedUntil = 0;
  #timer: NodeJS.Timeout | null = null;
  #syncing: Promise<void> | null = null;
  #syncedSequence = 0;
  #buffer = Buffer.allocUnsafe(64 * 1024);

  constructor(folder: JournalFolder, options: WriterOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#file = openSync(folder.segments[folder.segments.length - 1].path, 'r+');
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
      const last = this.#folder.segments[this.#folder.segments.length - 1];
      if (last.bytes > 0 && last.bytes + bytes.length > this.#options.segmentBytes) this.roll();
      this.#writeWhole(bytes);
    } catch (error) {
      const isFirst = !this.isBlocked(now);
      this.#blockedUntil = now + RETRY_WRITE_MS;
      if (isFirst)
        this.#options.logger.error(
          { error, folder: this.#folder.path },
          'journal: a write failed, nothing was kept',
        );
      throw new AllotError('journal_full', 'the journal cannot be written', { cause: error });
    }
    this.#folder.segments[this.#folder.segments.length - 1].bytes += bytes.length;
    this.#folder.lastSequence += count;
    if (this.#options.sync === 'commit') this.#syncedSequence = this.#folder.lastSequence;
    else this.#timer ??= setTimeout(this.#onTimer, GROUP_SYNC_MS).unref();
  }

  #writeWhole(bytes: Buffer): void {
    const start = this.#folder.segments[this.#folder.segments.length - 1].bytes;
    if (this.#hasTornWrite) this.#takeBack(start);
    try {
      for (let done = 0; done < bytes.length;) {
        const written = writeSync(this.#file, bytes, done, bytes.length - done, start + done);
        if (written === 0) throw new Error('the file system took no bytes');
        done += written;
      }
      if (this.#options.sync === 'commit') this.#syncNow();
    } catch (error) {
      this.#hasTornWrite = true;
      this.#takeBack(start);
      throw error;
    }
  }

  #takeBack(length: number): void {
    ftruncateSync(this.#file, length);
    this.#hasTornWrite = false;
  }

  /** Starts the next segment; the full one is synced with the next group. */
  roll(): void {
    const next = segmentFor(this.#folder.path, this.#folder.lastSequence + 1);
    const file = openSync(next.path, 'w+');
    if (this.#options.sync === 'commit') closeSync(this.#file);
    else this.#unsynced.push(this.#file);
    this.#file = file;
    this.#hasTornWrite = false;
    this.#isFolderChanged = true;
    this.#folder.segments.push(next);
  }

  #syncNow(): void {
    fdatasyncSync(this.#file);
    if (!this.#isFolderChanged) return;
    syncFolder(this.#folder.path);
    this.#isFolderChanged = false;
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.sync().catch((error: unknown) =>
      this.#options.logger.error({ error, folder: this.#folder.path }, 'journal: fdatasync failed'),
    );
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
    const full = [...this.#unsynced];
    for (const file of [...full, this.#file]) await datasync(file);
    if (this.#isFolderChanged) await this.#syncFolder();
    this.#unsynced = this.#unsynced.filter((file) => !full.includes(file));
    for (const file of full) closeSync(file);
    this.#syncedSequence = reached;
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
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      await this.sync();
    } finally {
      for (const file of [...this.#unsynced.splice(0), this.#file]) closeSync(file);
    }
  }
}

function checkSize(key: string, bytes: number): void {
  if (bytes <= MAX_RECORD_BYTES && key.length * 3 <= MAX_KEY_BYTES) return;
  const rule = `at most ${String(MAX_RECORD_BYTES)} bytes, its key at most ${String(MAX_KEY_BYTES / 3)} characters`;
  throw new AllotError('invalid_request', `an event has ${rule}`, { violations: [{ field: 'event', rule }] });
}

async function syncFolderAside(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await fullSync(folder);
  } finally {
    closeSync(folder);
  }
}
