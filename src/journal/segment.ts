import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/error-code.ts';

/** One append-only file of a journal folder. */
export interface Segment {
  readonly path: string;
  /** Sequence of its first record; also its name. */
  readonly firstSequence: number;
  /** Bytes of whole records. The writer moves it on after each write, so a reader never sees half a record. */
  bytes: number;
  /** Set aside instead of removed when it has been read. */
  isDamaged: boolean;
}

const pattern = /^(\d{20})\.seg$/;

export function segmentFor(folder: string, firstSequence: number): Segment {
  const name = `${String(firstSequence).padStart(20, '0')}.seg`;
  return { path: join(folder, name), firstSequence, bytes: 0, isDamaged: false };
}

/** Of a name that contains a segment's. */
export function firstSequenceOf(name: string): number | null {
  const digits = /(\d{20})\.seg/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The segments of a folder in order, with their sizes on disk. */
export function listSegments(folder: string): Segment[] {
  return readdirSync(folder)
    .map((name) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((firstSequence) => {
      const segment = segmentFor(folder, firstSequence);
      const found = statSync(segment.path, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ ...segment, bytes: found.size }]; // else handled and removed meanwhile
    });
}

/** The disk does not give these bytes, now or later: damage, and not a shortage of ours that passes. */
export const isUnreadable = (error: unknown): boolean => hasCode(error, 'EIO', 'EISDIR');
