import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import {
  combinedSquares,
  mergeMoments,
  momentsFromSums,
  momentsOfSummary,
  momentsOfUnit,
  noMoments,
  type Moments,
} from '../../../src/core/experiment/statistics/moments.ts';

const all = (rows: readonly (readonly number[])[]): Moments =>
  rows.map((row) => momentsOfUnit(row)).reduce(mergeMoments, noMoments(rows[0]?.length ?? 2));

function expectClose(a: Moments, b: Moments): void {
  expect(a.units).toBe(b.units);
  [...a.mean, ...a.squares].forEach((value, i) => {
    const other = [...b.mean, ...b.squares][i];
    expect(Math.abs(value - other)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(other)));
  });
}

const rowsOf = fc.array(fc.tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: 0, max: 99 })), {
  minLength: 1,
  maxLength: 12,
});

describe('unit-level moments', () => {
  it('merge to those of the concatenation, in any order and grouping', () => {
    fc.assert(
      fc.property(rowsOf, rowsOf, rowsOf, (a, b, c) => {
        const whole = all([...a, ...b, ...c]);
        expectClose(mergeMoments(mergeMoments(all(a), all(b)), all(c)), whole);
        expectClose(mergeMoments(all(c), mergeMoments(all(b), all(a))), whole);
      }),
      { numRuns: 60 },
    );
  });

  it('have a neutral element, and come from plain sums as well', () => {
    const rows = [
      [3, 1],
      [5, 2],
      [9, 6],
    ];
    const whole = all(rows);
    expect(mergeMoments(noMoments(2), whole)).toEqual(whole);
    expect(mergeMoments(whole, noMoments(2))).toEqual(whole);
    const sums = [0, 1].map((i) => rows.reduce((sum, row) => sum + row[i], 0));
    const products = [0, 1, 2, 3].map((ij) => rows.reduce((sum, row) => sum + row[ij >> 1] * row[ij % 2], 0));
    expectClose(momentsFromSums(3, sums, products), whole);
    expect(momentsFromSums(0, [0, 0], [0, 0, 0, 0])).toEqual(noMoments(2));
  });

  it('keep the variance of values that are far from zero', () => {
    const random = createRandom(3);
    const values = Array.from({ length: 2000 }, () => 1e9 + random.normal());
    const { units, squares } = values.map((x) => momentsOfUnit([x])).reduce(mergeMoments, noMoments(1));
    expect(squares[0] / (units - 1)).toBeGreaterThan(0.9);
    expect(squares[0] / (units - 1)).toBeLessThan(1.1);
    const naive = values.reduce((sum, x) => sum + x * x, 0) - values.reduce((a, b) => a + b, 0) ** 2 / 2000;
    expect(Math.abs(naive / 1999 - 1)).toBeGreaterThan(0.5);
  });

  it('answer the squares of a combination, and what a published summary says', () => {
    const whole = all([
      [1, 1],
      [4, 2],
      [7, 6],
    ]);
    const direct = [1 - 2, 4 - 4, 7 - 12].map((x) => x + 2).reduce((sum, x) => sum + x * x, 0);
    expect(combinedSquares(whole, [1, -2])).toBeCloseTo(direct, 10);
    expect(momentsOfSummary(10, 3, 4)).toEqual({ units: 10, mean: [3], squares: [36] });
  });
});
