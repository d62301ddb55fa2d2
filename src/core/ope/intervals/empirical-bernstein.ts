import {
  intervalAround,
  tailError,
  unusableContributions,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from './interval-result.ts';
import { momentsOf } from './moments.ts';
import { unusableSupport } from './support.ts';

/**
 * Empirical Bernstein interval: x̄ ∓ [√(2 s² ln(2/δ) / n) + 7 b ln(2/δ) / (3 (n − 1))], s² unbiased, b the width of the
 * support, δ = α/2 for each of two sides and α for one.
 *
 * Holds for every n ≥ 2 and every distribution on the support, for independent units. Shorter than Hoeffding's where the
 * spread is small against the support and n is in the hundreds; the second term is large for few units or huge clips.
 * SCOPE-RL uses δ = α for each of two sides. Source: Maurer and Pontil 2009 (COLT), theorems 4 and 11.
 *
 * @param contributions X_k, one per unit
 * @param options with the support of X_k, known beforehand; refused when unknown or contradicted
 */
export function empiricalBernstein(
  contributions: Float64Array,
  options: IntervalOptions & { readonly support?: Support | undefined },
): IntervalResult {
  const method = 'empirical-bernstein';
  const { support, level } = options;
  const trouble =
    unusableContributions(method, contributions, level, 2) ??
    unusableSupport(method, contributions, support, level);
  if (trouble !== null || support === undefined) return trouble as IntervalResult;
  const { count, mean, variance } = momentsOf(contributions);
  const reach = bernsteinReach(variance, count, support.max - support.min, tailError(options));
  return intervalAround(method, mean, reach, options, support);
}

/** √(2 s² ln(2/δ) / n) + 7 b ln(2/δ) / (3 (n − 1)). */
export function bernsteinReach(variance: number, n: number, width: number, delta: number): number {
  const log = Math.log(2 / delta);
  return Math.sqrt((2 * variance * log) / n) + (7 * width * log) / (3 * (n - 1));
}
