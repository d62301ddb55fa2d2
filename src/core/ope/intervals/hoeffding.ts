import { compensatedSum } from '../../math/compensated-sum.ts';
import {
  intervalAround,
  tailError,
  unusableContributions,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from './interval-result.ts';
import { unusableSupport } from './support.ts';

/**
 * Hoeffding's interval of a mean: x̄ ∓ b √(ln(1/δ) / (2n)), b the width of the support, δ = α/2 for two sides and α for one.
 *
 * Holds for every n and every distribution on the support, for independent units (not necessarily alike: the target is
 * then the mean of their means). Never short: it knows nothing of the spread, so with clipped weights it is wide.
 * Source: Hoeffding 1963, theorem 2.
 *
 * @param contributions X_k, one per unit
 * @param options with the support of X_k, known beforehand; refused when unknown or contradicted
 */
export function hoeffding(
  contributions: Float64Array,
  options: IntervalOptions & { readonly support?: Support | undefined },
): IntervalResult {
  const method = 'hoeffding';
  const { support, level } = options;
  const trouble =
    unusableContributions(method, contributions, level, 1) ??
    unusableSupport(method, contributions, support, level);
  if (trouble !== null || support === undefined) return trouble as IntervalResult;
  const n = contributions.length;
  const reach = (support.max - support.min) * Math.sqrt(Math.log(1 / tailError(options)) / (2 * n));
  return intervalAround(method, compensatedSum(contributions) / n, reach, options, support);
}
