import { isIntervalRefusal, type IntervalResult, type Sides } from './interval-result.ts';

/** Two-sided bounds whose ends each err with probability at most `tail`. */
export type BoundsAt = (tail: number) => IntervalResult;

/**
 * V(left) − V(right) from bounds of each: lower = LCB(left) − UCB(right), each at half the error of that end, by the union
 * bound; so at α/2 each for a one-sided bound at α, and at α/4 each for a two-sided interval.
 *
 * Valid whenever the parts are, whatever their dependence; made for differences of clipped estimates, whose terms are of
 * both signs so that no bias has a safe side. Wider than a paired interval of the differences, which should be preferred
 * where nothing is clipped: `empiricalBernstein` of the units' paired differences with their known support [−b, b].
 */
export function differenceOfBounds(
  left: BoundsAt,
  right: BoundsAt,
  options: { readonly method: string; readonly level: number; readonly sides?: Sides | undefined },
): IntervalResult {
  const { method, level, sides = 'two-sided' } = options;
  const tail = (1 - level) / (sides === 'two-sided' ? 4 : 2);
  const [a, b] = [left(tail), right(tail)];
  if (isIntervalRefusal(a)) return { ...a, method, level };
  if (isIntervalRefusal(b)) return { ...b, method, level };
  return {
    method,
    level,
    lower: sides === 'upper' ? -Infinity : a.lower - b.upper,
    upper: sides === 'lower' ? Infinity : a.upper - b.lower,
  };
}
