import { invariant } from '../../check.ts';
import { compensatedSum } from '../../math/compensated-sum.ts';
import { normalCdf, normalQuantile } from '../../math/normal.ts';
import { quantileOfSorted } from '../../math/quantile.ts';
import { refuseInterval, tailError, type IntervalOptions, type IntervalResult } from './interval-result.ts';

/**
 * The estimate without each unit in turn: g(T − S_k), from totals T and the unit's own sums S_k, so it costs one
 * evaluation of g per unit whatever the rows.
 */
export function jackknifeValues(
  columns: readonly Float64Array[],
  value: (totals: ArrayLike<number>) => number,
): Float64Array {
  const totals = columns.map(compensatedSum);
  const without = new Float64Array(columns.length);
  const values = new Float64Array(columns[0]?.length ?? 0);
  for (let k = 0; k < values.length; k++) {
    for (let j = 0; j < columns.length; j++) without[j] = totals[j] - columns[j][k];
    values[k] = value(without);
  }
  return values;
}

export interface BcaInput {
  /** θ̂ on the whole log. */
  readonly value: number;
  /** θ̂*_b of every resample of units, the ratio recomputed in each. */
  readonly resampled: Float64Array;
  /** θ̂₋ₖ without unit k. */
  readonly jackknife: Float64Array;
}

/**
 * Bias-corrected and accelerated bootstrap interval: the quantiles of θ̂* at Φ(z₀ + (z₀ + z)/(1 − a (z₀ + z))), z = ±z_{α/2},
 *
 *   z₀ = Φ⁻¹(share of θ̂*_b < θ̂, ties by half),   a = Σ d_k³ / (6 (Σ d_k²)^{3/2}),   d_k = mean(θ̂₋) − θ̂₋ₖ
 *
 * Second-order correct: better than the percentile interval for skewed estimators (clipped weights, rare responses, SNIPS).
 * Asymptotic all the same: not to be trusted when few units carry the weight, and with fewer than some 1,000 resamples its
 * far quantiles are noise. Refused when a resample or a jackknife value is not defined, or all resamples lie on one side.
 * Source: Efron 1987; Efron and Tibshirani 1993, eq. 14.9–14.15.
 */
export function bcaInterval(input: BcaInput, options: IntervalOptions): IntervalResult {
  const method = 'bootstrap-bca';
  const { value, resampled, jackknife } = input;
  const { level, sides = 'two-sided' } = options;
  invariant(resampled.length > 0, 'at least one resample');
  const isDefined = (x: number): boolean => Number.isFinite(x);
  if (!isDefined(value) || !resampled.every(isDefined) || !jackknife.every(isDefined)) {
    const reason = 'some resamples, or the log without some unit, carry no weight at all';
    return refuseInterval(method, level, 'bootstrap_undefined', reason, 'more units that carry weight');
  }
  const bias = normalQuantile(shareBelow(resampled, value));
  if (!Number.isFinite(bias)) {
    const reason = 'every resample lies on one side of the estimate';
    return refuseInterval(method, level, 'bias_too_large', reason, 'more resamples, or more units');
  }
  const acceleration = accelerationOf(jackknife);
  const sorted = resampled.slice().sort();
  const at = (z: number): number => quantileOfSorted(sorted, adjustedProbability(bias, acceleration, z));
  const z = normalQuantile(tailError(options));
  return {
    method,
    level,
    lower: sides === 'upper' ? -Infinity : at(z),
    upper: sides === 'lower' ? Infinity : at(-z),
  };
}

function shareBelow(resampled: Float64Array, value: number): number {
  let count = 0;
  for (const x of resampled) count += x < value ? 1 : x === value ? 0.5 : 0;
  return count / resampled.length;
}

/** a; 0 when no unit changes anything. */
export function accelerationOf(jackknife: Float64Array): number {
  const mean = compensatedSum(jackknife) / jackknife.length;
  let squares = 0;
  let cubes = 0;
  for (const x of jackknife) {
    const d = mean - x;
    squares += d * d;
    cubes += d * d * d;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

/** Past its pole (a huge acceleration) the map turns back: there it stays at the end it was going to. */
function adjustedProbability(bias: number, acceleration: number, z: number): number {
  const shifted = bias + z;
  const denominator = 1 - acceleration * shifted;
  if (denominator <= 0) return shifted > 0 ? 1 : 0;
  return normalCdf(bias + shifted / denominator);
}
