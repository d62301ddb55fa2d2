import { closeSync, mkdirSync, openSync, readSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Cursor, loadCursor } from './cursor.ts';
import type { DamageReports } from './damage.ts';
import { HEADER_BYTES, isRecordAt, recordBytesAt, sequenceAt } from './record.ts';
import { wholeRecords } from './scan.ts';
import { type Segment, isUnreadable, listSegments } from './segment.ts';

/** What a dead writer left: where to read from and where its records end. */
export interface RecoveredFolder {
  readonly segments: Segment[];
  readonly lastSequence: number;
  readonly cursor: Cursor;
}

/**
 * Looks only at the last segment: that is where a kill can have left half a record. Damage further up is found, and
 * reported, by whoever reads there.
 */
export function recoverFolder(path: string, reports: DamageReports): RecoveredFolder {
  const segments = listSegments(path);
  const last = segments.at(-1);
  const lastSequence = last === undefined ? 0 : recoverTail(last, reports);
  return { segments, lastSequence, cursor: startingPoint(segments, lastSequence, loadCursor(path)) };
}

/** Cuts a torn tail and returns the sequence of the last good record (first − 1 when there is none). */
function recoverTail(segment: Segment, reports: DamageReports): number {
  const size = segment.bytes;
  const bytes = readableBytes(segment, size);
  let sequence = segment.firstSequence - 1;
  let at = 0;
  for (const record of wholeRecords(bytes, segment.firstSequence)) ({ sequence, end: at } = record);
  segment.bytes = at;
  if (bytes.length < size) {
    segment.isDamaged = true;
    reports.report({ kind: 'damaged-segment', segment: segment.path, from: at, to: size, missing: null });
  } else if (at < size) cutTail(segment, bytes, reports);
  return sequence;
}

/** Bytes [from, to) of the file; fewer where the disk does not give them. */
function readableBytes(segment: Segment, to: number, from = 0): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
  const file = openSync(segment.path, 'r');
  let got = 0;
  try {
    for (let read = -1; read !== 0 && got < bytes.length; got += read)
      read = readSync(file, bytes, got, bytes.length - got, from + got);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  } finally {
    closeSync(file);
  }
  return bytes.subarray(0, got);
}

/** Readers end at `segment.bytes` anyway: what cannot be kept aside now stays in the file behind its records. */
function cutTail(segment: Segment, bytes: Buffer, reports: DamageReports): void {
  const at = segment.bytes;
  reports.report({ kind: 'torn-tail', segment: segment.path, from: at, to: bytes.length, missing: null });
  try {
    mkdirSync(reports.folder, { recursive: true });
    const kept = `${basename(dirname(segment.path))}-${basename(segment.path)}-${String(at)}.tail`;
    writeFileSync(join(reports.folder, kept), bytes.subarray(at));
    truncateSync(segment.path, at);
  } catch (error) {
    reports.notKept(segment.path, error);
  }
}

/** Moves the end of the segment past whole records that were added to its file; returns the last one's sequence. */
export function readOn(segment: Segment, lastSequence: number): number {
  const size = statSync(segment.path, { throwIfNoEntry: false })?.size ?? 0;
  if (segment.isDamaged || size <= segment.bytes) return lastSequence;
  const bytes = readableBytes(segment, size);
  let sequence = lastSequence;
  while (isRecordAt(bytes, segment.bytes)) {
    sequence = sequenceAt(bytes, segment.bytes);
    segment.bytes += recordBytesAt(bytes, segment.bytes) ?? 0;
  }
  return sequence;
}

/** The saved cursor where it holds, else the start of the first segment (records then come again). */
function startingPoint(segments: readonly Segment[], lastSequence: number, saved: Cursor | null): Cursor {
  const first = segments[0];
  if (first === undefined) return { sequence: 0, segment: 1, offset: 0 };
  const beginning = { sequence: first.firstSequence - 1, segment: first.firstSequence, offset: 0 };
  if (saved === null || saved.sequence < beginning.sequence || saved.sequence > lastSequence)
    return beginning;
  const segment = segments.find(({ firstSequence }) => firstSequence === saved.segment);
  if (segment === undefined) return { ...beginning, sequence: saved.sequence };
  const isTrue =
    saved.offset === segment.bytes || sequenceOnDisk(segment, saved.offset) === saved.sequence + 1;
  return isTrue ? saved : { sequence: saved.sequence, segment: segment.firstSequence, offset: 0 };
}

function sequenceOnDisk(segment: Segment, offset: number): number | null {
  const header = readableBytes(segment, Math.min(segment.bytes, offset + HEADER_BYTES), offset);
  return header.length < HEADER_BYTES ? null : sequenceAt(header, 0);
}
