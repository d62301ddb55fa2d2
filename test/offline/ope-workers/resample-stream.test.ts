import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { percentileInterval, resampleTotals } from '../../../src/core/ope/bootstrap.ts';
import { ratio } from '../../../src/core/ope/estimator.ts';
import { valuesOfTotals } from '../../../src/core/ope/intervals/poisson-bootstrap.ts';
import { addPoissonTotals, emptyTotals, rowIds } from '../../../offline/ope-workers/poisson-stream.ts';
import { resampleStream, type UnitChunk } from '../../../offline/ope-workers/resample-stream.ts';

const UNITS = 3000;
const RESAMPLES = 402;

function columns(seed = 1): Float64Array<ArrayBuffer>[] {
  const random = createRandom(seed);
  const weights = Float64Array.from({ length: UNITS }, () => random.exponential());
  const weighted = weights.map((w) => (random.uniform() < 0.3 ? w : 0));
  return [weighted, weights, new Float64Array(UNITS).fill(1)];
}

function* chunksOf(size: number): Generator<UnitChunk> {
  const all = columns();
  for (let from = 0; from < UNITS; from += size) {
    const to = Math.min(UNITS, from + size);
    yield {
      columns: all.map((column) => column.slice(from, to)),
      ids: rowIds(from, to - from) as Int32Array<ArrayBuffer>,
    };
  }
}

describe('the streamed bootstrap', () => {
  it('gives the same totals for one chunk and one worker as for many chunks and two workers', async () => {
    const whole = await resampleStream(chunksOf(UNITS), { resamples: RESAMPLES, seed: 5, workers: 1 });
    const parts = await resampleStream(chunksOf(117), { resamples: RESAMPLES, seed: 5, workers: 2 });
    expect(parts.units).toBe(UNITS);
    for (const [i, total] of whole.resampled.totals.entries()) {
      expect(parts.resampled.totals[i]).toBeCloseTo(total, 8);
    }
    expect(whole.resampled.totals).toHaveLength(3 * RESAMPLES);
  });

  it('ends where the multinomial bootstrap ends, within a tenth of the width', async () => {
    const options = { resamples: 4000, seed: 2 };
    const { resampled } = await resampleStream(chunksOf(500), { ...options, workers: 1 });
    const poisson = percentileInterval(valuesOfTotals(resampled, ratio.value), 0.95);
    const exact = percentileInterval(
      valuesOfTotals(resampleTotals(columns().slice(0, 2), options), ratio.value),
      0.95,
    );
    if (poisson === null || exact === null) throw new Error('no interval');
    const width = exact.upper - exact.lower;
    expect(Math.abs(poisson.lower - exact.lower)).toBeLessThan(0.1 * width);
    expect(Math.abs(poisson.upper - exact.upper)).toBeLessThan(0.1 * width);
  });
});

describe('its weights', () => {
  /** N of every unit in every resample: the totals of a single unit of 1 are its weight. */
  const weightsOf = (unit: number, seed: number, resamples: number): Float64Array => {
    const totals = emptyTotals(resamples, 1);
    addPoissonTotals(totals, [Float64Array.of(1)], rowIds(unit, 1), seed);
    return totals.totals;
  };
  const n = 40_000;
  const a = weightsOf(1, 9, n);
  const b = weightsOf(2, 9, n);
  const mean = (values: Float64Array): number => values.reduce((x, y) => x + y, 0) / n;

  it('have mean 1 and variance 1', () => {
    expect(Math.abs(mean(a) - 1)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(mean(a.map((v) => (v - 1) ** 2)) - 1)).toBeLessThan((4 * Math.sqrt(3)) / Math.sqrt(n));
  });

  it('are uncorrelated between units, between neighbouring resamples, and between seeds', () => {
    const other = weightsOf(1, 10, n);
    const shifted = a.map((_, i) => a[(i + 1) % n]);
    for (const partner of [b, other, shifted]) {
      expect(Math.abs(mean(a.map((v, i) => (v - 1) * (partner[i] - 1))))).toBeLessThan(4 / Math.sqrt(n));
    }
  });
});
