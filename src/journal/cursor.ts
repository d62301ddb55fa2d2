import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How far the consumer has got in a folder. Only a hint that saves repeats: a lost or old cursor makes records come
 * again (ingest deduplicates), never makes one disappear.
 */
export interface Cursor {
  /** Every record up to this one has been handled. */
  readonly sequence: number;
  /** First sequence of the segment, and the offset in it, where the next record starts. */
  readonly segment: number;
  readonly offset: number;
}

export const CURSOR_FILE = 'cursor';

/** Atomic: whoever reads sees the old cursor or the new one. */
export async function saveCursor(folder: string, cursor: Cursor): Promise<void> {
  const file = join(folder, CURSOR_FILE);
  const next = `${file}.next`;
  const handle = await open(next, 'w');
  try {
    await handle.writeFile(JSON.stringify(cursor));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}

export function loadCursor(folder: string): Cursor | null {
  try {
    const cursor = JSON.parse(readFileSync(join(folder, CURSOR_FILE), 'utf8')) as Partial<Cursor>;
    const { sequence, segment, offset } = cursor;
    const isCursor = [sequence, segment, offset].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
    return isCursor ? (cursor as Cursor) : null;
  } catch {
    return null;
  }
}
