import { describe, expect, it } from 'vitest';
import { hashSlot } from '../../../src/core/policy/feature-hash.ts';
import { golden } from '../support.ts';

interface Golden {
  cases: { value: string | number; buckets: number; slot: number }[];
}

describe('the hash of an open vocabulary', () => {
  it('gives the golden slots, which another implementation computed', () => {
    const { cases } = golden<Golden>('feature-hash');
    expect(cases.length).toBeGreaterThan(80);
    for (const { value, buckets, slot } of cases)
      expect(hashSlot(value, buckets), `${value} in ${buckets}`).toBe(slot);
  });

  it('keeps slot 0 for what is empty, and gives no name that slot', () => {
    expect(hashSlot('', 10)).toBe(0);
    for (let i = 0; i < 2000; i++) expect(hashSlot(i, 10)).toBeGreaterThan(0);
  });

  it('spreads names evenly', () => {
    const counts = new Int32Array(101);
    for (let i = 0; i < 20_000; i++) counts[hashSlot(`author-${i}`, 101)] += 1;
    const chiSquared = counts.subarray(1).reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0);
    // 99 degrees of freedom: mean 99, standard deviation 14.
    expect(chiSquared).toBeLessThan(160);
  });

  it('takes a whole number as its decimal text', () => {
    expect(hashSlot(42, 1000)).toBe(hashSlot('42', 1000));
    expect(hashSlot(-7, 1000)).toBe(hashSlot('-7', 1000));
  });
});
