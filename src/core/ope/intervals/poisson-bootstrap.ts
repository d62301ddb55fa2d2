import { invariant } from '../../check.ts';
import type { ResampledTotals } from '../bootstrap.ts';
import { poissonWeight, resampleKey } from './poisson-weights.ts';

export interface PoissonRange {
  readonly seed: number;
  /** Resamples from … to − 1: a worker takes a range of them, or all of them for a part of the rows. */
  readonly from: number;
  readonly to: number;
}

/**
 * Bootstrap by unit with independent Poisson(1) weights in place of a multinomial draw: Σₖ Nₖᵦ columnₖ for every resample b,
 * Nₖᵦ a function of (seed, b, unit id) alone. So a log may be read in parts, in any order and by several workers, rows of one
 * unit in several parts: totals of parts add up to those of the whole. Nothing of the log stays in memory.
 *
 * The size of a resample varies (n ± √n), so estimators must be ratios that carry their own denominator (`rows`, `weight`)
 * as a column; all of ours do. Percentile and BCa ends agree with the multinomial bootstrap up to O(1/n).
 * Source: Oza and Russell 2001; Chamandy, Muralidharan, Najmi and Naidu 2012, "Estimating uncertainty for massive data streams".
 *
 * @param columns sums of every unit (or of every row), each of K numbers
 * @param unitIds two words each, from `hashUnitIds`
 */
export function poissonTotals(
  columns: readonly Float64Array[],
  unitIds: Int32Array,
  { seed, from, to }: PoissonRange,
): ResampledTotals {
  invariant(0 <= from && from <= to, 'a range of resamples');
  const count = unitIds.length / 2;
  invariant(
    columns.every((column) => column.length === count),
    'a number for every unit',
  );
  const resamples = to - from;
  const totals = new Float64Array(resamples * columns.length);
  const weights = new Uint8Array(count);
  for (let b = 0; b < resamples; b++) {
    const [keyLow, keyHigh] = resampleKey(seed, from + b);
    for (let k = 0; k < count; k++) {
      weights[k] = poissonWeight(unitIds[2 * k], unitIds[2 * k + 1], keyLow, keyHigh);
    }
    columns.forEach((column, j) => (totals[j * resamples + b] = dot(weights, column)));
  }
  return { resamples, columnCount: columns.length, totals };
}

/** Four running sums, as in the multinomial bootstrap: an addition need not wait for the one before it. */
function dot(weights: Uint8Array, column: Float64Array): number {
  const whole = weights.length - (weights.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let k = 0; k < whole; k += 4) {
    s0 += weights[k] * column[k];
    s1 += weights[k + 1] * column[k + 1];
    s2 += weights[k + 2] * column[k + 2];
    s3 += weights[k + 3] * column[k + 3];
  }
  for (let k = whole; k < weights.length; k++) s0 += weights[k] * column[k];
  return s0 + s1 + (s2 + s3);
}

/** Totals of two parts of the rows, for the same resamples. */
export function addTotals(a: ResampledTotals, b: ResampledTotals): ResampledTotals {
  invariant(a.resamples === b.resamples && a.columnCount === b.columnCount, 'totals of the same resamples');
  return { ...a, totals: a.totals.map((value, i) => value + b.totals[i]) };
}

/** Totals of consecutive ranges of resamples, in order, for the same rows. */
export function joinRanges(parts: readonly ResampledTotals[]): ResampledTotals {
  const columnCount = parts[0]?.columnCount ?? 0;
  invariant(
    parts.every((part) => part.columnCount === columnCount),
    'ranges of the same columns',
  );
  const resamples = parts.reduce((sum, part) => sum + part.resamples, 0);
  const totals = new Float64Array(resamples * columnCount);
  let at = 0;
  for (const part of parts) {
    for (let j = 0; j < columnCount; j++) {
      totals.set(part.totals.subarray(j * part.resamples, (j + 1) * part.resamples), j * resamples + at);
    }
    at += part.resamples;
  }
  return { resamples, columnCount, totals };
}

/** g of the totals of every resample. */
export function valuesOfTotals(
  { resamples, columnCount, totals }: ResampledTotals,
  value: (totals: ArrayLike<number>) => number,
): Float64Array {
  const sums = new Float64Array(columnCount);
  return Float64Array.from({ length: resamples }, (_, b) => {
    for (let j = 0; j < columnCount; j++) sums[j] = totals[j * resamples + b];
    return value(sums);
  });
}
