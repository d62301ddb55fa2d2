import { describe, expect, it } from 'vitest';
import { percentileInterval, resampleTotals } from '../../../src/core/ope/bootstrap.ts';
import { mergeUnitSums } from '../../../src/core/ope/unit-sums.ts';
import {
  addTotals,
  joinRanges,
  poissonTotals,
  valuesOfTotals,
} from '../../../src/core/ope/intervals/poisson-bootstrap.ts';
import { hashUnitIds, poissonWeight, resampleKey } from '../../../src/core/ope/intervals/poisson-weights.ts';
import { closeTo, worldRows } from './support.ts';

const idsOf = (n: number): string[] => Array.from({ length: n }, (_, k) => `user-${k}`);

function weightsOf(n: number, resample: number, seed = 5): number[] {
  const ids = hashUnitIds(idsOf(n));
  const [low, high] = resampleKey(seed, resample);
  return Array.from({ length: n }, (_, k) => poissonWeight(ids[2 * k], ids[2 * k + 1], low, high));
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const ratio = (totals: ArrayLike<number>): number => totals[0] / totals[1];

const rows = worldRows(900, 21);
const columns = [
  Float64Array.from(rows, ({ weight, response }) => weight * response),
  Float64Array.from(rows, () => 1),
];
const ids = hashUnitIds(idsOf(rows.length));

describe('Poisson weights', () => {
  it('have the frequencies of Poisson(1) (chi-square, 99.99 %)', () => {
    const counts = new Float64Array(6);
    const n = 60_000;
    for (let b = 0; b < 3; b++) for (const w of weightsOf(n / 3, b)) counts[Math.min(w, 5)]++;
    let probability = Math.exp(-1);
    let rest = 1;
    let chiSquare = 0;
    for (let k = 0; k < 6; k++) {
      const expected = n * (k === 5 ? rest : probability);
      chiSquare += (counts[k] - expected) ** 2 / expected;
      rest -= probability;
      probability /= k + 1;
    }
    expect(chiSquare).toBeLessThan(25.7);
  });

  it('are uncorrelated between neighbouring resamples, neighbouring units and neighbouring seeds', () => {
    const n = 40_000;
    const a = weightsOf(n, 0);
    const others = [weightsOf(n, 1), weightsOf(n, 0, 6), [...a.slice(1), a[0]]];
    for (const b of others)
      expect(Math.abs(mean(a.map((x, k) => (x - 1) * (b[k] - 1))))).toBeLessThan(4 / 200);
  });

  it('differ for ids that differ in one character or in order', () => {
    const hashes = hashUnitIds(['a', 'b', 'ab', 'ba', '', 'aa', 'a ', 'user-1', 'user-2']);
    const words = Array.from({ length: 9 }, (_, k) => `${hashes[2 * k]} ${hashes[2 * k + 1]}`);
    expect(new Set(words).size).toBe(9);
  });
});

describe('the Poisson bootstrap', () => {
  it('of two parts of the rows adds up to that of the whole, units cut across', () => {
    const whole = poissonTotals(columns, ids, { seed: 2, from: 0, to: 50 });
    const firstRows = columns.map((column) => column.map((value, i) => (i % 3 === 0 ? value : 0)));
    const a = poissonTotals(
      firstRows.map((column) => column.subarray(0, 500)),
      ids.subarray(0, 1000),
      { seed: 2, from: 0, to: 50 },
    );
    const otherRows = columns.map((column, j) => column.map((value, i) => value - firstRows[j][i]));
    const late = columns.map((column, j) => column.map((value, i) => (i < 500 ? otherRows[j][i] : value)));
    const b = poissonTotals(late, ids, { seed: 2, from: 0, to: 50 });
    addTotals(a, b).totals.forEach((value, i) => closeTo(value, whole.totals[i], 1e-12, 1e-10));
  });

  it('in ranges of resamples, as workers take them, is that of all of them', () => {
    const whole = poissonTotals(columns, ids, { seed: 2, from: 0, to: 50 });
    const parts = [
      [0, 17],
      [17, 18],
      [18, 50],
    ].map(([from, to]) => poissonTotals(columns, ids, { seed: 2, from, to }));
    expect(joinRanges(parts)).toEqual(whole);
  });

  it('does not know the order of the units', () => {
    const order = Array.from(rows, (_, k) => (k * 7) % rows.length);
    const shuffledIds = hashUnitIds(order.map((k) => `user-${k}`));
    const shuffled = columns.map((column) => Float64Array.from(order, (k) => column[k]));
    const a = poissonTotals(columns, ids, { seed: 2, from: 3, to: 9 });
    // 900 and 7 share no factor, so this is a permutation.
    const b = poissonTotals(shuffled, shuffledIds, { seed: 2, from: 3, to: 9 });
    a.totals.forEach((value, i) => closeTo(b.totals[i], value, 1e-12));
  });

  it('agrees with the multinomial bootstrap within 10 % of the width', () => {
    const options = { seed: 8, from: 0, to: 4000 };
    const poisson = percentileInterval(valuesOfTotals(poissonTotals(columns, ids, options), ratio), 0.95);
    const exact = percentileInterval(
      valuesOfTotals(resampleTotals(columns, { resamples: 4000, seed: 8 }), ratio),
      0.95,
    );
    const width = (exact?.upper ?? NaN) - (exact?.lower ?? NaN);
    closeTo(poisson?.lower ?? NaN, exact?.lower ?? NaN, 0, 0.1 * width);
    closeTo(poisson?.upper ?? NaN, exact?.upper ?? NaN, 0, 0.1 * width);
  });

  it('of merged unit sums is the sum of both', () => {
    const part = (sign: number) => ({
      unitCount: rows.length,
      columns: new Map([['w', columns[0].map((x, k) => (k % 2 === 0 ? x : sign * k))]]),
    });
    const merged = mergeUnitSums(part(1), part(2)).columns.get('w') ?? new Float64Array();
    const totalsOf = (column: Float64Array) => poissonTotals([column], ids, { seed: 1, from: 0, to: 5 });
    const sums = [1, 2].map((sign) => totalsOf(part(sign).columns.get('w') ?? new Float64Array()));
    totalsOf(merged).totals.forEach((value, i) =>
      closeTo(addTotals(sums[0], sums[1]).totals[i], value, 1e-12),
    );
  });
});
