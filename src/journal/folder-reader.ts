import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../core/error-code.ts';
import type { JournalFolder, Position } from './folder.ts';
import {
  type StoredRecord,
  decodeRecord,
  findRecord,
  isRecordAt,
  recordBytesAt,
  sequenceAt,
} from './record.ts';
import { type Segment, isUnreadable } from './segment.ts';

const WINDOW_BYTES = 1024 * 1024;

export interface FolderBatch {
  readonly records: readonly StoredRecord[];
  /** Where the folder stands once the records have been handled. */
  readonly through: Position;
}

/**
 * Records from the folder's position on, at most `limit` and about a megabyte of them, or null at the end. Reading
 * again before a commit gives the same records. Damage is stepped over, and reported once.
 */
export async function readBatch(folder: JournalFolder, limit: number): Promise<FolderBatch | null> {
  for (;;) {
    folder.moveTo(folder.position);
    const { segment, offset, sequence } = folder.position;
    if (offset >= segment.bytes) return null;
    const end = segment.bytes;
    const window = await readRange(segment, offset, Math.min(end, offset + WINDOW_BYTES));
    const whole = await widened(window, segment, offset, end);
    const { records, used } = takeRecords(whole, sequence, limit);
    const last = records.at(-1);
    if (last !== undefined) {
      return { records, through: { segment, offset: offset + used, sequence: last.sequence } };
    }
    if (used > 0) folder.position = { segment, offset: offset + used, sequence };
    else await stepOver(folder, end);
  }
}

/** A record larger than the window is read whole. */
async function widened(window: Buffer, segment: Segment, offset: number, end: number): Promise<Buffer> {
  const size = recordBytesAt(window, 0);
  if (size === null || size <= window.length || offset + size > end) return window;
  return readRange(segment, offset, offset + size);
}

/**
 * Whole good records without a gap from the start of `bytes`; those handled before a lost cursor are passed over.
 * `used`: bytes up to the first byte that is not part of them.
 */
function takeRecords(
  bytes: Buffer,
  handled: number,
  limit: number,
): { records: StoredRecord[]; used: number } {
  const records: StoredRecord[] = [];
  let used = 0;
  let sequence = handled;
  while (records.length < limit && isRecordAt(bytes, used)) {
    const found = sequenceAt(bytes, used);
    if (found > sequence + 1) break;
    if (found === sequence + 1) {
      records.push(decodeRecord(bytes, used));
      sequence = found;
    }
    used += recordBytesAt(bytes, used) ?? 0;
  }
  return { records, used };
}

/** At the folder's position stands no good next record: goes on at the next one there is, and says what is missing. */
async function stepOver(folder: JournalFolder, end: number): Promise<void> {
  const { segment, offset, sequence } = folder.position;
  const rest = await readRange(segment, offset, end);
  const found = findRecord(rest, 0, sequence + 1);
  const last = found === null ? lastOf(folder, segment) : sequenceAt(rest, found) - 1;
  const to = found === null ? end : offset + found;
  segment.isDamaged = true;
  folder.reports.report({
    kind: 'damaged-segment',
    segment: segment.path,
    from: offset,
    to,
    missing: last > sequence ? { first: sequence + 1, last } : null,
  });
  folder.position = { segment, offset: to, sequence: Math.max(last, sequence) };
}

function lastOf(folder: JournalFolder, segment: Segment): number {
  const next = folder.after(segment);
  return next === null ? folder.lastSequence : next.firstSequence - 1;
}

/** Bytes [from, to) of the segment; fewer when the file was cut from outside, or the disk does not give them. */
async function readRange(segment: Segment, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  let got = 0;
  let file: FileHandle | undefined;
  try {
    file = await open(segment.path, 'r');
    for (let read = -1; read !== 0 && got < bytes.length; got += read)
      ({ bytesRead: read } = await file.read(bytes, got, bytes.length - got, from + got));
  } catch (error) {
    // Without its folder the segment is not lost but somebody else's by now.
    const isLost = isUnreadable(error) || (hasCode(error, 'ENOENT') && existsSync(dirname(segment.path)));
    if (!isLost) throw error;
  } finally {
    await file?.close();
  }
  return bytes.subarray(0, got);
}
