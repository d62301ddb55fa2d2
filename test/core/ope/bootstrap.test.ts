import { describe, expect, it } from 'vitest';
import { percentileInterval, resampleTotals } from '../../../src/core/ope/bootstrap.ts';
import { normalInterval, standardError } from '../../../src/core/ope/delta-method.ts';
import { evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { drawResampleCounts } from '../../../src/core/ope/resample-counts.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { isRefusal } from '../../../src/core/ope/report.ts';
import { noLimits, quick, randomWorld } from './logs.ts';

const countsOf = (seed: number, resample: number, n: number): Uint8Array => {
  const counts = new Uint8Array(n);
  drawResampleCounts(seed, resample, counts);
  return counts;
};
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

describe('a resample', () => {
  it('draws as many units as there are', () => {
    for (const n of [1, 2, 7, 1000]) expect(sum(countsOf(5, 0, n))).toBe(n);
  });

  it('is the same for the same seed and number, and another one otherwise', () => {
    expect(countsOf(5, 3, 500)).toEqual(countsOf(5, 3, 500));
    expect(countsOf(5, 3, 500)).not.toEqual(countsOf(5, 4, 500));
    expect(countsOf(5, 3, 500)).not.toEqual(countsOf(6, 3, 500));
    expect(countsOf(5, 3, 500)).not.toEqual(countsOf(5 + 2 ** 32, 3, 500));
  });

  it('draws every unit equally often (chi-square, 99.99 %)', () => {
    const n = 100;
    const totals = new Float64Array(n);
    const resamples = 2000;
    for (let b = 0; b < resamples; b++) countsOf(11, b, n).forEach((c, k) => (totals[k] += c));
    const chiSquare = sum(totals.map((t) => (t - resamples) ** 2 / resamples));
    expect(chiSquare).toBeLessThan(161.3);
    expect(chiSquare).toBeGreaterThan(55);
  });

  it('has the variance of a multinomial: n (1/n)(1 − 1/n) per unit', () => {
    const n = 50;
    let squares = 0;
    const resamples = 4000;
    for (let b = 0; b < resamples; b++) countsOf(2, b, n).forEach((c) => (squares += (c - 1) ** 2));
    expect(squares / resamples / n).toBeCloseTo(1 - 1 / n, 2);
  });
});

describe('the bootstrap', () => {
  it('adds up the drawn units of every column', () => {
    const columns = [Float64Array.from([1, 2, 3, 4, 5]), Float64Array.from([10, 0, 0, 0, 0])];
    const { totals } = resampleTotals(columns, { resamples: 20, seed: 9 });
    for (let b = 0; b < 20; b++) {
      const counts = countsOf(9, b, 5);
      columns.forEach((column, j) => {
        expect(totals[j * 20 + b]).toBeCloseTo(sum(column.map((value, k) => value * counts[k])), 12);
      });
    }
  });

  it('agrees with the normal interval for a mean of many units', () => {
    const random = createRandom(1);
    const n = 2000;
    const values = Float64Array.from({ length: n }, () => random.exponential());
    const { totals } = resampleTotals([values], { resamples: 4000, seed: 4 });
    const interval = percentileInterval(
      totals.map((t) => t / n),
      0.95,
    );
    const mean = sum(values) / n;
    const normal = normalInterval(mean, standardError(values.map((v) => v / n)), 0.95);
    const width = (normal?.upper ?? 0) - (normal?.lower ?? 0);
    expect(Math.abs((interval?.lower ?? 0) - (normal?.lower ?? 0))).toBeLessThan(0.08 * width);
    expect(Math.abs((interval?.upper ?? 0) - (normal?.upper ?? 0))).toBeLessThan(0.08 * width);
  });

  it('resamples units, not rows: rows that only repeat their unit do not narrow the interval', () => {
    const single = randomWorld({ n: 400 });
    const repeated = (times: number) => {
      const rows = Array.from({ length: 400 * times }, (_, i) => Math.floor(i / times));
      const { log, policy } = single;
      const k = policy.actionCount;
      const wide = Float64Array.from(
        rows.flatMap((i) => [...policy.probabilities.subarray(i * k, i * k + k)]),
      );
      return evaluateLog(
        {
          rounds: rows.length,
          actions: Int32Array.from(rows, (i) => log.actions[i]),
          propensities: Float64Array.from(rows, (i) => log.propensities[i]),
          responses: new Map([
            ['reward', Float64Array.from(rows, (i) => log.responses.get('reward')?.[i] ?? 0)],
          ]),
          units: Int32Array.from(rows, (i) => log.units[i]),
          unitCount: 400,
        },
        { ...policy, probabilities: wide },
        { ...quick, limits: noLimits },
      );
    };
    const [once, fiveTimes] = [repeated(1), repeated(5)];
    once.estimates.forEach((a, i) => {
      const b = fiveTimes.estimates[i];
      if (isRefusal(a) || isRefusal(b)) throw new Error('refused');
      expect(b.value).toBeCloseTo(a.value, 12);
      expect(b.standardError).toBeCloseTo(a.standardError, 12);
      expect(b.intervals[0].lower).toBeCloseTo(a.intervals[0].lower, 12);
      expect(b.intervals[0].upper).toBeCloseTo(a.intervals[0].upper, 12);
    });
    expect(fiveTimes.health.effectiveSampleSize).toBeCloseTo(once.health.effectiveSampleSize, 9);
  });

  it('has no interval when a resample has no value', () => {
    expect(percentileInterval(Float64Array.from([1, NaN, 2]), 0.95)).toBeNull();
  });

  it('covers the truth about as often as its level says', () => {
    const truth = 1;
    let covered = 0;
    const runs = 300;
    const random = createRandom(12);
    for (let run = 0; run < runs; run++) {
      const values = Float64Array.from({ length: 150 }, () => random.exponential());
      const { totals } = resampleTotals([values], { resamples: 300, seed: run });
      const interval = percentileInterval(
        totals.map((t) => t / values.length),
        0.9,
      );
      if (interval !== null && interval.lower <= truth && truth <= interval.upper) covered++;
    }
    // 90 % with a binomial error of 1.7 points, and a percentile interval's own shortfall at 150 skewed units.
    expect(covered / runs).toBeGreaterThan(0.83);
    expect(covered / runs).toBeLessThan(0.96);
  });
});

describe('the standard error', () => {
  it('is unknown for a single unit, never 0', () => {
    expect(standardError(Float64Array.from([3]))).toBeNaN();
    expect(normalInterval(3, NaN, 0.95)).toBeNull();
  });
});
