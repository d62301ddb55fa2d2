import { normalQuantile } from '../../math/normal.ts';
import {
  intervalAround,
  tailError,
  unusableContributions,
  type IntervalOptions,
  type IntervalResult,
} from './interval-result.ts';
import { momentsOf } from './moments.ts';

/**
 * Normal interval of a mean, x̄ ∓ z s/√n with s² = Σ(x − x̄)²/(n − 1).
 *
 * Asymptotic: for many independent units of comparable size. Not to be trusted for heavy-tailed weights or rare
 * responses: a few large contributions that have not come yet make it far too short, and it then looks precise.
 * Source: the central limit theorem; VW estimators call it `gaussian`.
 *
 * @param contributions X_k, one per unit
 */
export function gaussian(contributions: Float64Array, options: IntervalOptions): IntervalResult {
  const method = 'gaussian';
  const trouble = unusableContributions(method, contributions, options.level, 2);
  if (trouble !== null) return trouble;
  const { count, mean, variance } = momentsOf(contributions);
  const z = -normalQuantile(tailError(options));
  return intervalAround(method, mean, z * Math.sqrt(variance / count), options);
}
