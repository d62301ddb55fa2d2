import { fdatasync, read, write } from 'node:fs';
import type { Segment } from './segment.ts';

const PIECE_BYTES = 1024 * 1024;

/** A segment that is being written, or not known to be on the disk yet. */
export interface OpenSegment {
  readonly segment: Segment;
  readonly file: number;
  /** So many bytes are on the disk for sure. */
  syncedBytes: number;
  /** A sync of it failed, and none has worked since. */
  isDoubtful: boolean;
}

/**
 * After a failed sync Linux takes the pages for clean: the next one reports success and stores nothing. So what was not
 * known to be stored is written again first, as it still stands in the page cache; what does not stand there any more is
 * damage, and reported by whoever reads there.
 */
export async function syncSegment(open: OpenSegment): Promise<void> {
  const end = open.segment.bytes;
  try {
    if (open.isDoubtful) await writeAgain(open.file, open.syncedBytes, end);
    await datasync(open.file);
  } catch (error) {
    open.isDoubtful = true;
    throw error;
  }
  open.syncedBytes = end;
  open.isDoubtful = false;
}

async function writeAgain(file: number, from: number, end: number): Promise<void> {
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - from));
  for (let at = from; at < end;) {
    const got = await call((done) => read(file, piece, 0, Math.min(piece.length, end - at), at, done));
    if (got === 0) return; // cut from outside
    at += await call((done) => write(file, piece, 0, got, at, done));
  }
}

type Done = (error: Error | null, count?: number) => void;

const datasync = (file: number): Promise<number> => call((done) => fdatasync(file, done));

/** The bytes it was about. */
function call(begin: (done: Done) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    begin((error, count = 0) => (error === null ? resolve(count) : reject(error)));
  });
}
