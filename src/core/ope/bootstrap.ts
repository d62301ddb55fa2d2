import { invariant } from '../check.ts';
import { quantileOfSorted } from '../math/quantile.ts';
import type { Interval } from './report.ts';
import { drawResampleCounts } from './resample-counts.ts';

/** Resampled totals: `totals[j * resamples + b]` is the sum of column j in resample b. */
export interface ResampledTotals {
  readonly resamples: number;
  readonly columnCount: number;
  readonly totals: Float64Array;
}

/**
 * Bootstrap by unit: n units are drawn with replacement out of n, and every column is summed over the draw. All
 * columns see the same draws, so differences of estimates are paired, and ratios are recomputed in each resample.
 *
 * Cost: n draws per resample plus one multiplication per unit and column. Source: Efron and Tibshirani 1993, ch. 6, 13.
 */
export function resampleTotals(
  columns: readonly Float64Array[],
  options: { readonly resamples: number; readonly seed: number },
): ResampledTotals {
  const { resamples, seed } = options;
  const unitCount = columns[0]?.length ?? 0;
  invariant(
    columns.every((column) => column.length === unitCount),
    'columns of one length',
  );
  const totals = new Float64Array(resamples * columns.length);
  const counts = new Uint8Array(unitCount);
  for (let b = 0; b < resamples; b++) {
    drawResampleCounts(seed, b, counts);
    for (let j = 0; j < columns.length; j++) totals[j * resamples + b] = weightedTotal(counts, columns[j]);
  }
  return { resamples, columnCount: columns.length, totals };
}

/** Σₖ countₖ columnₖ in four running sums: an addition then need not wait for the one before it. */
function weightedTotal(counts: Uint8Array, column: Float64Array): number {
  const n = counts.length;
  const whole = n - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < whole; k += 4) {
    s0 += counts[k] * column[k];
    s1 += counts[k + 1] * column[k + 1];
    s2 += counts[k + 2] * column[k + 2];
    s3 += counts[k + 3] * column[k + 3];
  }
  for (let k = whole; k < n; k++) s0 += counts[k] * column[k];
  return s0 + s1 + (s2 + s3);
}

/**
 * Percentile interval of resampled values: the (1 − level)/2 and (1 + level)/2 quantiles (linear interpolation between
 * order statistics, type 7). null when a resample has no value (no weight at all was drawn).
 */
export function percentileInterval(values: Float64Array, level: number): Interval | null {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) return null;
  const sorted = values.slice().sort();
  return {
    method: 'bootstrap-percentile',
    level,
    lower: quantileOfSorted(sorted, (1 - level) / 2),
    upper: quantileOfSorted(sorted, (1 + level) / 2),
  };
}
