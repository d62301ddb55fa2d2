/**
 * Quantile with linear interpolation between order statistics: h = (n − 1) p, x₍⌊h⌋₎ + (h − ⌊h⌋)(x₍⌊h⌋₊₁₎ − x₍⌊h⌋₎)
 * (Hyndman & Fan, 1996, type 7; the default of NumPy and R).
 *
 * @param values any order, not empty, no NaN; left unchanged
 * @param p in [0, 1]
 * @returns NaN for an empty list: there is no such number
 */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), p);
}

/** The same for values that are already in ascending order. */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError('a quantile level lies in [0, 1]');
  if (sorted.length === 0) return NaN;
  const h = (sorted.length - 1) * p;
  const below = Math.floor(h);
  const above = Math.min(below + 1, sorted.length - 1);
  // Equal neighbours first: ∞ − ∞ would be NaN.
  if (sorted[below] === sorted[above]) return sorted[below];
  return sorted[below] + (h - below) * (sorted[above] - sorted[below]);
}
