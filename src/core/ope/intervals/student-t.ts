import { studentTQuantile } from '../../math/student-t.ts';
import {
  intervalAround,
  tailError,
  unusableContributions,
  type IntervalOptions,
  type IntervalResult,
} from './interval-result.ts';
import { momentsOf } from './moments.ts';

/**
 * Student's interval of a mean, x̄ ∓ t s/√n, t the quantile at 1 − α/2 (one-sided: 1 − α) with n − 1 degrees of freedom.
 *
 * Exact for normal contributions, asymptotic otherwise; see `gaussian` for when not to trust it: n − 1 degrees repair the
 * estimated spread, not a skewed contribution. SCOPE-RL takes the quantile at 1 − α for two sides (a 90 % interval).
 * Source: Student 1908; Thomas, Theocharous and Ghavamzadeh 2015 (ICML), section 3.3.
 *
 * @param contributions X_k, one per unit
 */
export function studentT(contributions: Float64Array, options: IntervalOptions): IntervalResult {
  const method = 'student-t';
  const trouble = unusableContributions(method, contributions, options.level, 2);
  if (trouble !== null) return trouble;
  const { count, mean, variance } = momentsOf(contributions);
  const t = -studentTQuantile(tailError(options), count - 1);
  return intervalAround(method, mean, t * Math.sqrt(variance / count), options);
}
