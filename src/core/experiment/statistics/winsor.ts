import { invariant } from '../../check.ts';
import { quantile } from '../../math/quantile.ts';

/** Where a unit's value is cut. Fixed before the experiment: limits read off its own outcomes would depend on the effect. */
export interface WinsorLimits {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Limits from the units of a period before the experiment: its quantiles at `tail` and 1 − `tail`.
 *
 * @param tail share of units cut on each side, in [0, 0.5).
 * @param isNonNegative the lower end is left alone (a total of seconds has its tail above).
 */
export function winsorLimits(before: ArrayLike<number>, tail: number, isNonNegative = true): WinsorLimits {
  invariant(tail >= 0 && tail < 0.5 && before.length > 0, 'a tail in [0, 0.5) of some units');
  const lower = isNonNegative ? -Infinity : quantile(before, tail);
  return { lower, upper: quantile(before, 1 - tail) };
}

/** min(max(x, lower), upper): the estimand becomes the mean of the cut values, and is named so. */
export const winsorise = (x: number, { lower, upper }: WinsorLimits): number =>
  Math.min(Math.max(x, lower), upper);
