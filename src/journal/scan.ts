import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { findRecord, isRecordAt, recordBytesAt, sequenceAt } from './record.ts';
import { isUnreadable } from './segment.ts';

export interface WholeRecord {
  readonly at: number;
  readonly end: number;
  readonly sequence: number;
}

/** Every whole record in the bytes of a segment, damage between them stepped over. */
export function* wholeRecords(bytes: Buffer, firstSequence: number): Generator<WholeRecord> {
  let sequence = firstSequence - 1;
  for (let at = 0; at < bytes.length;) {
    const good = isRecordAt(bytes, at) ? at : findRecord(bytes, at + 1, sequence + 1);
    if (good === null) return;
    sequence = sequenceAt(bytes, good);
    at = good + (recordBytesAt(bytes, good) ?? 0);
    yield { at: good, end: at, sequence };
  }
}

const CHUNK_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The whole file; pages that the disk does not give are zeros, which are no record, and listed. */
export function readAround(path: string): { readonly bytes: Buffer; readonly holes: readonly Range[] } {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size);
    const holes: Range[] = [];
    const read = (from: number, to: number): void => {
      try {
        readWhole(file, bytes, from, to);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        bytes.fill(0, from, to);
        if (to - from <= PAGE_BYTES) holes.push({ from, to });
        else for (let page = from; page < to; page += PAGE_BYTES) read(page, Math.min(to, page + PAGE_BYTES));
      }
    };
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) read(at, Math.min(bytes.length, at + CHUNK_BYTES));
    return { bytes, holes };
  } finally {
    closeSync(file);
  }
}

function readWhole(file: number, bytes: Buffer, from: number, to: number): void {
  for (let at = from, got = -1; got !== 0 && at < to; at += got) got = readSync(file, bytes, at, to - at, at);
}
