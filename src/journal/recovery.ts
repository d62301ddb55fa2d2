import {
  closeSync,
  ftruncateSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Cursor, loadCursor } from './cursor.ts';
import type { DamageReports } from './damage.ts';
import { HEADER_BYTES, findRecord, isRecordAt, recordBytesAt, sequenceAt } from './record.ts';
import { type Segment, listSegments } from './segment.ts';

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
  const bytes = readFileSync(segment.path);
  let sequence = segment.firstSequence - 1;
  let at = 0;
  while (at < bytes.length) {
    const good = isRecordAt(bytes, at) ? at : findRecord(bytes, at + 1, sequence + 1);
    if (good === null) {
      cutTail(segment, bytes, at, reports);
      break;
    }
    sequence = sequenceAt(bytes, good);
    at = good + (recordBytesAt(bytes, good) ?? 0);
  }
  return sequence;
}

function cutTail(segment: Segment, bytes: Buffer, at: number, reports: DamageReports): void {
  mkdirSync(reports.folder, { recursive: true });
  const kept = `${basename(dirname(segment.path))}-${basename(segment.path)}-${String(at)}.tail`;
  writeFileSync(join(reports.folder, kept), bytes.subarray(at));
  const file = openSync(segment.path, 'r+');
  try {
    ftruncateSync(file, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  segment.bytes = at;
  reports.report({ kind: 'torn-tail', segment: segment.path, from: at, to: bytes.length, missing: null });
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
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(segment.path, 'r');
  try {
    return readSync(file, header, 0, HEADER_BYTES, offset) === HEADER_BYTES ? sequenceAt(header, 0) : null;
  } finally {
    closeSync(file);
  }
}
