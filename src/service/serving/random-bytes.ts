import { randomFillSync } from 'node:crypto';

/** Cryptographic randomness for decision ids. */
export type RandomBytes = (length: number) => Uint8Array;

/** A system call fills a pool at once: one call per decision would cost more than the decision. */
export function createPooledRandom(poolBytes = 8192): RandomBytes {
  const pool = new Uint8Array(poolBytes);
  let position = poolBytes;
  return (length) => {
    if (position + length > poolBytes) {
      randomFillSync(pool);
      position = 0;
    }
    const bytes = pool.slice(position, position + length);
    position += length;
    return bytes;
  };
}
