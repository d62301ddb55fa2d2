import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { quantile } from '../../../src/core/math/quantile.ts';
import {
  distributionEstimates,
  lowerQuartile,
  type DistributionStatistic,
} from '../../../src/core/ope/distribution/distribution-estimates.ts';
import { WeightedDistribution } from '../../../src/core/ope/distribution/weighted-distribution.ts';
import { sortedByResponse, type WeightedSample } from '../../../src/core/ope/distribution/weighted-sample.ts';
import { closeTo, intervalOf, mostMisses, refusalCode } from '../ope-intervals/support.ts';

type Pairs = readonly (readonly [number, number])[];
const { distribution: small } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../fixtures/intervals/small.json', import.meta.url)), 'utf8'),
) as {
  distribution: {
    responses: number[];
    weights: number[];
    cdf: Pairs;
    quantile: Pairs;
    'lower-tail-mean': Pairs;
  };
};

const sampleOf = (responses: readonly number[], weights: readonly number[]): WeightedSample => ({
  responses: Float64Array.from(responses),
  weights: Float64Array.from(weights),
  units: Int32Array.from(responses, (_, i) => i),
  unitCount: responses.length,
});
const distributionOf = (sample: WeightedSample) => new WeightedDistribution(sortedByResponse(sample));

/** Two actions by a coin of 0.3, π takes the second with 0.8; responses exponential, twice as large under the second. */
function skewedLog(n: number, seed: number, rowsPerUnit = 1): WeightedSample {
  const random = createRandom(seed);
  const rows = Array.from({ length: n }, () => {
    const isSecond = random.uniform() < 0.3;
    return { weight: isSecond ? 0.8 / 0.3 : 0.2 / 0.7, response: random.exponential() * (isSecond ? 2 : 1) };
  });
  return {
    responses: Float64Array.from(rows, (row) => row.response),
    weights: Float64Array.from(rows, (row) => row.weight),
    units: Int32Array.from(rows, (_, i) => Math.floor(i / rowsPerUnit)),
    unitCount: Math.ceil(n / rowsPerUnit),
  };
}
const trueCdf = (t: number): number => 1 - 0.2 * Math.exp(-t) - 0.8 * Math.exp(-t / 2);

describe('the weighted distribution', () => {
  it('has the values of the formulas (a separate program)', () => {
    const distribution = distributionOf(sampleOf(small.responses, small.weights));
    for (const [t, value] of small.cdf) closeTo(distribution.cdf(t), value, 1e-12);
    for (const [p, value] of small.quantile) closeTo(distribution.quantile(p), value, 1e-12);
    for (const [p, value] of small['lower-tail-mean']) closeTo(distribution.lowerTailMean(p), value, 1e-12);
  });

  it('with weights of one is the empirical one', () => {
    const responses = Array.from(skewedLog(101, 1).responses);
    const distribution = distributionOf(
      sampleOf(
        responses,
        responses.map(() => 1),
      ),
    );
    // 101 values: the type-7 quantiles at multiples of 1/100 are order statistics.
    for (const p of [0.25, 0.5, 0.75]) closeTo(distribution.quantile(p), quantile(responses, p), 1e-12);
    closeTo(distribution.lowerTailMean(1), responses.reduce((a, b) => a + b) / 101, 1e-12);
    closeTo(distribution.cdf(Math.max(...responses)), 1, 1e-12);
  });

  it('does not know the order of rows, and a repeated row is a doubled weight', () => {
    const a = distributionOf(sampleOf([3, 1, 2, 1], [1, 2, 3, 4]));
    const b = distributionOf(sampleOf([1, 2, 3, 1, 1], [4, 3, 1, 1, 1]));
    for (const t of [0, 1, 2.5, 3]) closeTo(a.cdf(t), b.cdf(t), 1e-12);
    for (const p of [0.1, 0.6, 0.7, 1]) closeTo(a.lowerTailMean(p), b.lowerTailMean(p), 1e-12);
  });

  it('rises from 0 to 1; quantiles and tail means rise with p, and the tail mean is never above the quantile', () => {
    const distribution = distributionOf(skewedLog(500, 2));
    let [cdf, q, tail] = [0, -Infinity, -Infinity];
    for (let p = 0.02; p <= 1; p += 0.02) {
      const next = {
        cdf: distribution.cdf(p * 12),
        q: distribution.quantile(p),
        tail: distribution.lowerTailMean(p),
      };
      expect(next.cdf).toBeGreaterThanOrEqual(cdf);
      expect(next.q).toBeGreaterThanOrEqual(q);
      expect(next.tail).toBeGreaterThanOrEqual(tail);
      expect(next.tail).toBeLessThanOrEqual(next.q + 1e-12);
      expect(distribution.cdf(next.q)).toBeGreaterThanOrEqual(p - 1e-9);
      ({ cdf, q, tail } = next);
    }
    expect(cdf).toBeLessThanOrEqual(1 + 1e-12);
  });

  it('moves and scales with the response', () => {
    const sample = skewedLog(300, 3);
    const moved = { ...sample, responses: sample.responses.map((r) => 4 * r - 7) };
    const [a, b] = [sample, moved].map(distributionOf);
    for (const p of [0.05, 0.25, 0.9]) {
      closeTo(b.quantile(p), 4 * a.quantile(p) - 7, 1e-9);
      closeTo(b.lowerTailMean(p), 4 * a.lowerTailMean(p) - 7, 1e-9);
    }
  });

  it('of rows without any weight is not a number', () => {
    const distribution = distributionOf(sampleOf([1, 2], [0, 0]));
    expect([distribution.cdf(1), distribution.quantile(0.5), distribution.lowerTailMean(0.5)]).toEqual([
      NaN,
      NaN,
      NaN,
    ]);
    expect(() => distributionOf(sampleOf([1, NaN], [1, 1]))).toThrow(/finite/);
  });
});

describe('estimates of the distribution', () => {
  const statistics: readonly DistributionStatistic[] = [
    { kind: 'cdf', at: 1 },
    lowerQuartile,
    { kind: 'lower-tail-mean', at: 0.25 },
  ];

  /** Known truth: F(1), the root of F = ¼, and (1/p) ∫ t dF below it. */
  const quartile = (() => {
    let [low, high] = [0, 5];
    for (let i = 0; i < 100; i++)
      if (trueCdf((low + high) / 2) < 0.25) low = (low + high) / 2;
      else high = (low + high) / 2;
    return low;
  })();
  const partial = (rate: number): number => 1 / rate - Math.exp(-rate * quartile) * (quartile + 1 / rate);
  const truths = [trueCdf(1), quartile, (0.2 * partial(1) + 0.8 * partial(0.5)) / 0.25];

  it('approach the truth', () => {
    const estimates = distributionEstimates(skewedLog(200_000, 4), statistics, {
      level: 0.9,
      resamples: 2,
      seed: 1,
    });
    estimates.forEach(({ value }, j) => closeTo(value, truths[j], 0.03));
  });

  it('have intervals that miss the truth as often as they say (300 seeded logs)', () => {
    const missed = [0, 0, 0];
    for (let seed = 0; seed < 300; seed++) {
      const log = skewedLog(400, 100 + seed);
      distributionEstimates(log, statistics, { level: 0.9, resamples: 200, seed }).forEach(
        ({ interval }, j) => {
          const { lower, upper } = intervalOf(interval);
          if (truths[j] < lower || truths[j] > upper) missed[j]++;
        },
      );
    }
    for (const count of missed) {
      expect(count).toBeLessThanOrEqual(mostMisses(300, 0.1));
      expect(count).toBeGreaterThanOrEqual(60 - mostMisses(300, 0.1));
    }
  });

  it('resample units: rows copied within their unit change nothing', () => {
    const log = skewedLog(200, 5);
    const twice = {
      responses: Float64Array.from([...log.responses, ...log.responses]),
      weights: Float64Array.from([...log.weights, ...log.weights]),
      units: Int32Array.from([...log.units, ...log.units]),
      unitCount: log.unitCount,
    };
    const options = { level: 0.9, resamples: 200, seed: 2 };
    const [a, b] = [log, twice].map((sample) => distributionEstimates(sample, statistics, options));
    a.forEach(({ interval }, j) => {
      closeTo(intervalOf(b[j].interval).lower, intervalOf(interval).lower, 1e-9);
      closeTo(intervalOf(b[j].interval).upper, intervalOf(interval).upper, 1e-9);
    });
  });

  it('widen with their level, and are refused when a resample may carry no weight', () => {
    const log = skewedLog(300, 6);
    const width = (level: number): number => {
      const { interval } = distributionEstimates(log, [lowerQuartile], { level, resamples: 300, seed: 3 })[0];
      return intervalOf(interval).upper - intervalOf(interval).lower;
    };
    expect(width(0.99)).toBeGreaterThan(width(0.8));
    const lonely = sampleOf([1, 2, 3], [1, 0, 0]);
    const [estimate] = distributionEstimates(lonely, [lowerQuartile], {
      level: 0.9,
      resamples: 100,
      seed: 1,
    });
    expect(estimate.value).toBe(1);
    expect(refusalCode(estimate.interval)).toBe('bootstrap_undefined');
  });
});
