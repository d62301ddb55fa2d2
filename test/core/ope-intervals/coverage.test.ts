import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { percentileInterval, resampleTotals } from '../../../src/core/ope/bootstrap.ts';
import { influencesByUnit, normalInterval, standardError } from '../../../src/core/ope/delta-method.ts';
import { bcaInterval, jackknifeValues } from '../../../src/core/ope/intervals/bca.ts';
import { clopperPearson } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import { cressieReadSums } from '../../../src/core/ope/intervals/cressie-read-sums.ts';
import { cressieRead } from '../../../src/core/ope/intervals/cressie-read.ts';
import { differenceOfBounds } from '../../../src/core/ope/intervals/difference-of-bounds.ts';
import { empiricalBernstein } from '../../../src/core/ope/intervals/empirical-bernstein.ts';
import { gaussian } from '../../../src/core/ope/intervals/gaussian.ts';
import { hcope } from '../../../src/core/ope/intervals/hcope.ts';
import { hoeffding } from '../../../src/core/ope/intervals/hoeffding.ts';
import type { IntervalResult } from '../../../src/core/ope/intervals/interval-result.ts';
import { poissonTotals, valuesOfTotals } from '../../../src/core/ope/intervals/poisson-bootstrap.ts';
import { hashUnitIds } from '../../../src/core/ope/intervals/poisson-weights.ts';
import { responseInterval } from '../../../src/core/ope/intervals/response-bounds.ts';
import { studentT } from '../../../src/core/ope/intervals/student-t.ts';
import { ratio } from '../../../src/core/ope/estimator.ts';
import {
  intervalOf,
  mostMisses,
  weightedResponses,
  worldRows,
  WORLD_LARGEST_WEIGHT,
  WORLD_VALUE,
  type WorldRow,
} from './support.ts';

const REPETITIONS = 400;
const LEVEL = 0.9;

/** How often the truth lies outside, over seeded repetitions of the world. */
function misses(
  units: number,
  truth: number,
  interval: (rows: WorldRow[], seed: number) => IntervalResult,
): number {
  let count = 0;
  for (let seed = 0; seed < REPETITIONS; seed++) {
    const { lower, upper } = intervalOf(interval(worldRows(units, 1000 + seed), seed));
    if (truth < lower || truth > upper) count++;
  }
  return count;
}

const support = { min: 0, max: WORLD_LARGEST_WEIGHT };

describe(`finite-sample intervals at ${LEVEL} miss at most as often as they say (${REPETITIONS} seeded logs)`, () => {
  it.each<[string, number, (rows: WorldRow[], seed: number) => IntervalResult]>([
    ['hoeffding', 60, (rows) => hoeffding(weightedResponses(rows), { level: LEVEL, support })],
    [
      'empirical-bernstein',
      300,
      (rows) => empiricalBernstein(weightedResponses(rows), { level: LEVEL, support }),
    ],
    ['hcope', 300, (rows, seed) => hcope(weightedResponses(rows), { level: LEVEL, support, seed })],
    [
      'hcope, one side, nothing known above',
      300,
      (rows, seed) =>
        hcope(weightedResponses(rows), {
          level: LEVEL,
          support: { min: 0, max: Infinity },
          sides: 'lower',
          seed,
        }),
    ],
  ])('%s with %i units', (_, units, interval) => {
    expect(misses(units, WORLD_VALUE, interval)).toBeLessThanOrEqual(mostMisses(REPETITIONS, 1 - LEVEL));
  });

  it('clopper-pearson, for every rate', () => {
    for (const rate of [0.01, 0.1, 0.5, 0.97]) {
      const random = createRandom(rate);
      let missed = 0;
      for (let i = 0; i < REPETITIONS; i++) {
        let successes = 0;
        for (let k = 0; k < 40; k++) if (random.uniform() < rate) successes++;
        const { lower, upper } = intervalOf(clopperPearson(successes, 40, { level: LEVEL }));
        if (rate < lower || rate > upper) missed++;
      }
      expect(missed).toBeLessThanOrEqual(mostMisses(REPETITIONS, 1 - LEVEL));
    }
  });
});

describe(`asymptotic intervals at ${LEVEL} miss as often as they say in a benign world (${REPETITIONS} seeded logs)`, () => {
  const units = 400;
  const ids = hashUnitIds(Array.from({ length: units }, (_, k) => String(k)));
  const columnsOf = (rows: readonly WorldRow[]) => [
    weightedResponses(rows),
    Float64Array.from(rows, (row) => row.weight),
  ];
  const totalsOf = (columns: readonly Float64Array[]) =>
    columns.map((column) => column.reduce((a, b) => a + b));
  const orThrow = (interval: IntervalResult | null): IntervalResult => {
    if (interval === null) throw new Error('undefined');
    return interval;
  };

  it.each<[string, (rows: WorldRow[], seed: number) => IntervalResult]>([
    ['gaussian', (rows) => gaussian(weightedResponses(rows), { level: LEVEL })],
    ['student-t', (rows) => studentT(weightedResponses(rows), { level: LEVEL })],
    [
      'delta-normal of a ratio',
      (rows) => {
        const columns = columnsOf(rows);
        const totals = totalsOf(columns);
        const influences = influencesByUnit(columns, ratio.gradient(totals));
        return orThrow(normalInterval(ratio.value(totals), standardError(influences), LEVEL));
      },
    ],
    [
      'bootstrap-percentile of a ratio',
      (rows, seed) =>
        orThrow(
          percentileInterval(
            valuesOfTotals(resampleTotals(columnsOf(rows), { resamples: 300, seed }), ratio.value),
            LEVEL,
          ),
        ),
    ],
    [
      'bootstrap-percentile of a ratio, Poisson weights',
      (rows, seed) =>
        orThrow(
          percentileInterval(
            valuesOfTotals(poissonTotals(columnsOf(rows), ids, { seed, from: 0, to: 200 }), ratio.value),
            LEVEL,
          ),
        ),
    ],
    [
      'bootstrap-bca of a ratio',
      (rows, seed) => {
        const columns = columnsOf(rows);
        const resampled = valuesOfTotals(resampleTotals(columns, { resamples: 300, seed }), ratio.value);
        const jackknife = jackknifeValues(columns, ratio.value);
        return bcaInterval({ value: ratio.value(totalsOf(columns)), resampled, jackknife }, { level: LEVEL });
      },
    ],
    [
      'cressie-read',
      (rows) =>
        cressieRead(
          cressieReadSums(
            Float64Array.from(rows, (row) => row.weight),
            Float64Array.from(rows, (row) => row.response),
          ),
          { level: LEVEL, weights: { min: 0.25, max: WORLD_LARGEST_WEIGHT }, responses: { min: 0, max: 1 } },
        ),
    ],
  ])('%s', (_, interval) => {
    const missed = misses(units, WORLD_VALUE, interval);
    expect(missed).toBeLessThanOrEqual(mostMisses(REPETITIONS, 1 - LEVEL));
    // Twice the nominal width would miss hardly ever: that is an error too.
    expect(missed).toBeGreaterThanOrEqual(2 * REPETITIONS * (1 - LEVEL) - mostMisses(REPETITIONS, 1 - LEVEL));
  });
});

describe('under a clip', () => {
  const clip = 1.5;
  const bound = { largestWeight: clip, response: { min: 0, max: 1 }, mostRowsPerUnit: 1 };
  const sumsOf = (rows: readonly WorldRow[]) => {
    const clipped = rows.map(({ weight, response }) => ({ weight: Math.min(clip, weight), response }));
    return {
      weightedResponses: weightedResponses(clipped),
      weights: Float64Array.from(clipped, (row) => row.weight),
      rows: new Float64Array(rows.length).fill(1),
    };
  };
  const options = { method: 'response-bounds', level: LEVEL } as const;

  it('the upper bound of a cost is c_max − LCB(E[w (c_max − c)]) and holds; the one of E[w c] does not', () => {
    const upper = (rows: WorldRow[]) =>
      responseInterval(
        sumsOf(rows),
        bound,
        (x, tail) => empiricalBernstein(x.values, { level: 1 - tail, sides: 'lower', support: x.support }),
        { ...options, sides: 'upper' },
      );
    const naive = (rows: WorldRow[]) =>
      empiricalBernstein(sumsOf(rows).weightedResponses, {
        level: LEVEL,
        sides: 'upper',
        support: { min: 0, max: clip },
      });
    const units = 2000;
    expect(misses(units, WORLD_VALUE, upper)).toBeLessThanOrEqual(mostMisses(REPETITIONS, 1 - LEVEL));
    expect(misses(units, WORLD_VALUE, naive)).toBeGreaterThan(0.9 * REPETITIONS);
  }, 30_000);

  it('both sides hold together, and say nothing when the range is not known', () => {
    const boundOf = (x: { values: Float64Array; support: { min: number; max: number } }, tail: number) =>
      hcope(x.values, { level: 1 - tail, sides: 'lower', support: x.support, seed: 7 });
    const both = (rows: WorldRow[]) => responseInterval(sumsOf(rows), bound, boundOf, options);
    expect(misses(300, WORLD_VALUE, both)).toBeLessThanOrEqual(mostMisses(REPETITIONS, 1 - LEVEL));
    const unknown = { ...bound, response: { min: 0, max: Infinity } };
    expect(responseInterval(sumsOf(worldRows(100, 1)), unknown, boundOf, options)).toMatchObject({
      refusal: { code: 'support_unknown' },
    });
  });

  it('a difference from one-sided bounds at half the error each holds (against the log’s own mean)', () => {
    const logMean = 0.5 * (0.8 * 0.1 + 0.2 * 0.5) + 0.5 * (0.4 * 0.3 + 0.6 * 0.05);
    const difference = (rows: WorldRow[]) =>
      differenceOfBounds(
        (tail) =>
          responseInterval(
            sumsOf(rows),
            bound,
            (x, t) => empiricalBernstein(x.values, { level: 1 - t, sides: 'lower', support: x.support }),
            { ...options, level: 1 - 2 * tail },
          ),
        (tail) =>
          hoeffding(
            Float64Array.from(rows, (row) => row.response),
            { level: 1 - 2 * tail, support: { min: 0, max: 1 } },
          ),
        { method: 'difference', level: LEVEL, sides: 'lower' },
      );
    const truth = WORLD_VALUE - logMean;
    expect(misses(300, truth, difference)).toBeLessThanOrEqual(mostMisses(REPETITIONS, 1 - LEVEL));
    const { lower, upper } = intervalOf(difference(worldRows(20_000, 3)));
    expect(lower).toBeGreaterThan(-0.5);
    expect(upper).toBe(Infinity);
  });
});
