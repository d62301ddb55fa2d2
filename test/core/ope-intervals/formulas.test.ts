import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { studentTCdf, studentTQuantile } from '../../../src/core/math/student-t.ts';
import { accelerationOf, bcaInterval, jackknifeValues } from '../../../src/core/ope/intervals/bca.ts';
import { clopperPearson, clopperPearsonOf } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import { cressieReadSums, mergeCressieReadSums } from '../../../src/core/ope/intervals/cressie-read-sums.ts';
import { cressieRead } from '../../../src/core/ope/intervals/cressie-read.ts';
import { empiricalBernstein } from '../../../src/core/ope/intervals/empirical-bernstein.ts';
import { gaussian } from '../../../src/core/ope/intervals/gaussian.ts';
import { hcope } from '../../../src/core/ope/intervals/hcope.ts';
import { hoeffding } from '../../../src/core/ope/intervals/hoeffding.ts';
import type { IntervalResult, Sides } from '../../../src/core/ope/intervals/interval-result.ts';
import { studentT } from '../../../src/core/ope/intervals/student-t.ts';
import { perDecisionContributions } from '../../../src/core/ope/intervals/support.ts';
import {
  closeTo,
  intervalOf,
  refusalCode,
  weightedResponses,
  worldRows,
  WORLD_LARGEST_WEIGHT,
} from './support.ts';

type Ends = readonly [number, number];
const small = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../fixtures/intervals/small.json', import.meta.url)), 'utf8'),
) as {
  contributions: number[];
  support: Ends;
  level: number;
  'two-sided': Record<string, Ends>;
  lower: Record<string, Ends>;
  'clopper-pearson': { successes: number; trials: number; level: number; interval: Ends }[];
  bca: { resampled: number[]; acceleration: number; interval: Ends };
};

const contributions = Float64Array.from(small.contributions);
const support = { min: small.support[0], max: small.support[1] };

interface Options {
  readonly level: number;
  readonly sides?: Sides;
}
/** Every interval of a mean of contributions on [0, 4]. */
const ofMean: Readonly<Record<string, (x: Float64Array, options: Options) => IntervalResult>> = {
  gaussian,
  'student-t': studentT,
  hoeffding: (x, options) => hoeffding(x, { ...options, support }),
  'empirical-bernstein': (x, options) => empiricalBernstein(x, { ...options, support }),
  hcope: (x, options) => hcope(x, { ...options, support, seed: 3 }),
};
const methods = Object.keys(ofMean);
const world = weightedResponses(worldRows(600, 4));

describe('the formulas', () => {
  it.each(Object.entries(small['two-sided']))('of %s, two-sided, are those of the docs', (method, ends) => {
    const { lower, upper } = intervalOf(ofMean[method](contributions, { level: small.level }));
    closeTo(lower, ends[0], 1e-9, 1e-12);
    closeTo(upper, ends[1], 1e-9, 1e-12);
  });

  it.each(Object.entries(small.lower))('of %s, one-sided, spend all of α on one end', (method, ends) => {
    const { level } = small;
    const lower = intervalOf(ofMean[method](contributions, { level, sides: 'lower' }));
    const upper = intervalOf(ofMean[method](contributions, { level, sides: 'upper' }));
    closeTo(lower.lower, ends[0], 1e-9, 1e-12);
    closeTo(upper.upper, ends[1], 1e-9, 1e-12);
    expect(lower.upper).toBeGreaterThanOrEqual(support.max);
    expect(upper.lower).toBeLessThanOrEqual(support.min);
  });

  it.each(small['clopper-pearson'])('of Clopper–Pearson, $successes of $trials', (row) => {
    const { lower, upper } = intervalOf(clopperPearson(row.successes, row.trials, { level: row.level }));
    closeTo(lower, row.interval[0], 1e-9, 1e-14);
    closeTo(upper, row.interval[1], 1e-9);
  });

  it('of BCa, with acceleration from the jackknife by unit', () => {
    const rows = new Float64Array(contributions.length).fill(1);
    const mean = (totals: ArrayLike<number>): number => totals[0] / totals[1];
    const jackknife = jackknifeValues([contributions, rows], mean);
    closeTo(accelerationOf(jackknife), small.bca.acceleration, 1e-9);
    const value = contributions.reduce((a, b) => a + b) / contributions.length;
    const resampled = Float64Array.from(small.bca.resampled);
    const { lower, upper } = intervalOf(bcaInterval({ value, resampled, jackknife }, { level: small.level }));
    closeTo(lower, small.bca.interval[0], 1e-9);
    closeTo(upper, small.bca.interval[1], 1e-9);
  });

  it('of Cressie–Read are those of the least and largest reweighting, solved directly', () => {
    const rows = worldRows(60, 11);
    const sums = sumsOf(rows);
    for (const level of [0.8, 0.95]) {
      const weights = { min: 0, max: 6 };
      const options = { level, weights, responses: { min: 0, max: 1 } };
      const { lower, upper } = intervalOf(cressieRead(sums, options));
      closeTo(lower, extremeReweighting(rows, weights, 0, level, 1), 1e-9);
      closeTo(upper, extremeReweighting(rows, weights, 1, level, -1), 1e-9);
      const far = intervalOf(cressieRead(sums, { ...options, weights: { min: 0, max: Infinity } }));
      const nearlyFar = intervalOf(cressieRead(sums, { ...options, weights: { min: 0, max: 1e5 } }));
      closeTo(far.lower, nearlyFar.lower, 1e-3);
      closeTo(far.upper, nearlyFar.upper, 1e-3);
    }
  });

  it('of Student’s t: the quantile undoes the distribution, and is tan(π(p − ½)) for one degree', () => {
    for (const p of [1e-6, 0.01, 0.3, 0.5, 0.7, 0.975, 0.9999]) {
      for (const degrees of [1, 2.5, 30, 5000]) {
        closeTo(studentTCdf(studentTQuantile(p, degrees), degrees), p, 1e-9);
      }
      closeTo(studentTQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)), 1e-9, 1e-15);
    }
  });
});

const sumsOf = (rows: ReturnType<typeof worldRows>) =>
  cressieReadSums(
    Float64Array.from(rows, (row) => row.weight),
    Float64Array.from(rows, (row) => row.response),
  );

/**
 * The slow definition: Q = (1 + u)/(n + 1) on the rows and one unseen row, mean u = 0, mean u w = 1 − mean w, mean u² within the
 * budget; the linear aim mean (1 + u) w r is least along its part orthogonal to 1 and w.
 */
function extremeReweighting(
  rows: ReturnType<typeof worldRows>,
  weights: { min: number; max: number },
  response: number,
  level: number,
  sign: number,
): number {
  const n = rows.length + 1;
  const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0) / n;
  const centred = (a: number[]): number[] => a.map((x) => x - a.reduce((s, y) => s + y, 0) / n);
  const at = (unseen: number) => {
    const all = [...rows, { weight: unseen, response }];
    const w = all.map((row) => row.weight);
    const aim = all.map((row) => sign * row.weight * row.response);
    const c = centred(w);
    const gap =
      1 -
      dot(
        w,
        w.map(() => 1),
      );
    const u = c.map((x) => (gap * x) / dot(c, c));
    const a = centred(aim);
    const slope = dot(a, c) / dot(c, c);
    const rest = a.map((x, i) => x - slope * c[i]);
    return { u, aim, rest };
  };
  const spent = (unseen: number): number => dot(at(unseen).u, at(unseen).u);
  const quantile = studentTQuantile((1 + level) / 2, rows.length) ** 2;
  const budget = Math.min(spent(weights.min), spent(weights.max)) + quantile / n;
  const ends = [weights.min, weights.max]
    .filter((unseen) => spent(unseen) <= budget)
    .map((unseen) => {
      const { u, aim, rest } = at(unseen);
      const length = Math.sqrt((budget - spent(unseen)) / dot(rest, rest));
      return dot(
        aim,
        u.map((x, i) => 1 + x - length * rest[i]),
      );
    });
  return sign * Math.min(...ends);
}

describe('every interval of a mean', () => {
  it.each(methods)('%s widens with its level', (method) => {
    const [narrow, wide] = [0.8, 0.99].map((level) => intervalOf(ofMean[method](world, { level })));
    expect(wide.lower).toBeLessThanOrEqual(narrow.lower);
    expect(wide.upper).toBeGreaterThanOrEqual(narrow.upper);
    expect(wide.upper - wide.lower).toBeGreaterThan(narrow.upper - narrow.lower);
  });

  it.each(methods)('%s shrinks with the number of units', (method) => {
    const width = (n: number): number => {
      const { lower, upper } = intervalOf(ofMean[method](weightedResponses(worldRows(n, 9)), { level: 0.9 }));
      return upper - lower;
    };
    expect(width(8000)).toBeLessThan(0.5 * width(1000));
  });

  it.each(methods)('%s contains the estimate, and one side reaches less far than two', (method) => {
    const mean = world.reduce((a, b) => a + b) / world.length;
    const both = intervalOf(ofMean[method](world, { level: 0.9 }));
    const one = intervalOf(ofMean[method](world, { level: 0.9, sides: 'lower' }));
    expect(both.lower).toBeLessThanOrEqual(mean);
    expect(both.upper).toBeGreaterThanOrEqual(mean);
    expect(one.lower).toBeGreaterThanOrEqual(both.lower);
  });

  it.each(methods.filter((method) => method !== 'hcope'))('%s does not know the order of units', (method) => {
    const a = intervalOf(ofMean[method](world, { level: 0.9 }));
    const b = intervalOf(ofMean[method](world.slice().reverse(), { level: 0.9 }));
    closeTo(a.lower, b.lower, 1e-12);
    closeTo(a.upper, b.upper, 1e-12);
  });

  it.each(methods)('%s is refused for a NaN and for a single unit', (method) => {
    const withNaN = world.slice();
    withNaN[17] = NaN;
    expect(refusalCode(ofMean[method](withNaN, { level: 0.9 }))).toBe('contribution_invalid');
    if (method === 'hoeffding') return;
    expect(refusalCode(ofMean[method](world.slice(0, 1), { level: 0.9 }))).toBe('too_few_units');
  });

  it('of a scaled response is the scaled interval', () => {
    for (const method of ['gaussian', 'student-t'] as const) {
      const a = intervalOf(ofMean[method](world, { level: 0.9 }));
      const b = intervalOf(
        ofMean[method](
          world.map((x) => 1000 * x),
          { level: 0.9 },
        ),
      );
      closeTo(b.lower, 1000 * a.lower, 1e-9);
      closeTo(b.upper, 1000 * a.upper, 1e-9);
    }
  });
});

describe('a known support', () => {
  const finite = [hoeffding, empiricalBernstein] as const;

  it('is required: an unknown or infinite one is refused', () => {
    for (const method of finite) {
      expect(refusalCode(method(world, { level: 0.9 }))).toBe('support_unknown');
      const infinite = { level: 0.9, support: { min: 0, max: Infinity } };
      expect(refusalCode(method(world, infinite))).toBe('support_unknown');
    }
    expect(refusalCode(hcope(world, { level: 0.9, seed: 1 }))).toBe('support_unknown');
    const half = { level: 0.9, seed: 1, support: { min: 0, max: Infinity } };
    expect(refusalCode(hcope(world, half))).toBe('support_unknown');
    expect(refusalCode(hcope(world, { ...half, sides: 'lower' }))).toBeNull();
  });

  it('that the data contradict is refused, with the unit', () => {
    for (const method of finite) {
      const result = method(world, { level: 0.9, support: { min: 0, max: 1 } });
      expect(refusalCode(result)).toBe('support_violated');
    }
    const below = { level: 0.9, seed: 1, sides: 'lower' as const, support: { min: 0.5, max: Infinity } };
    expect(refusalCode(hcope(world, below))).toBe('support_violated');
  });

  it('of a unit is clip × largest response × most rows, per decision', () => {
    const bound = { largestWeight: 5, response: { min: -1, max: 2 }, mostRowsPerUnit: 3 };
    const { values, support: known } = perDecisionContributions(
      Float64Array.from([2, 8, -3, 1]),
      Float64Array.from([1, 3, 2, 2]),
      bound,
    );
    // 4 units, 8 rows: the mean of the contributions is (2 + 8 − 3 + 1)/8.
    closeTo(values.reduce((a, b) => a + b) / 4, 1, 1e-12);
    expect(known).toEqual({ min: -7.5, max: 15 });
  });

  it('of the responses is required by Cressie–Read', () => {
    const sums = sumsOf(worldRows(50, 2));
    const options = {
      level: 0.9,
      weights: { min: 0, max: WORLD_LARGEST_WEIGHT },
      responses: { min: 0, max: 0.5 },
    };
    expect(refusalCode(cressieRead(sums, options))).toBe('support_violated');
  });
});

describe('Clopper–Pearson', () => {
  it('is refused for weighted or continuous outcomes', () => {
    const outcomes = Float64Array.from([0, 1, 1, 0]);
    const weights = Float64Array.from([1, 1, 2, 0]);
    expect(refusalCode(clopperPearsonOf(outcomes, { level: 0.9, weights }))).toBe('weighted');
    expect(refusalCode(clopperPearsonOf(Float64Array.from([0.5]), { level: 0.9 }))).toBe('not_binary');
    expect(clopperPearsonOf(outcomes, { level: 0.9 })).toEqual(clopperPearson(2, 4, { level: 0.9 }));
  });
});

describe('sums for Cressie–Read', () => {
  it('of two parts add up to those of the whole', () => {
    const rows = worldRows(200, 6);
    const merged = mergeCressieReadSums(sumsOf(rows.slice(0, 70)), sumsOf(rows.slice(70)));
    const options = { level: 0.9, weights: { min: 0, max: 6 }, responses: { min: 0, max: 1 } };
    const [a, b] = [merged, sumsOf(rows)].map((sums) => intervalOf(cressieRead(sums, options)));
    closeTo(a.lower, b.lower, 1e-12);
    closeTo(a.upper, b.upper, 1e-12);
  });
});
