import { normalQuantile } from '../../src/core/math/normal.ts';
import { quantile, quantileOfSorted } from '../../src/core/math/quantile.ts';

export interface Trend {
  readonly median: number;
  readonly perHour: number;
  /** 95 %; null with fewer than five points. */
  readonly interval: readonly [number, number] | null;
}

/**
 * Theil–Sen slope of a minute-by-minute series, per hour: the median of (yⱼ − yᵢ)/(j − i) over all pairs, which a few odd minutes
 * do not move. Interval: the slopes of rank (N ∓ C)/2 with C = z √(n(n−1)(2n+5)/18), N pairs (Sen, 1968).
 * It takes minutes as independent; a slow wave over the whole run looks like a trend.
 *
 * @param values one a minute, two at least
 */
export function trendOf(values: readonly number[]): Trend {
  const slopes = values
    .flatMap((later, j) => values.slice(0, j).map((earlier, i) => ((later - earlier) / (j - i)) * 60))
    .sort((a, b) => a - b);
  const n = values.length;
  const spread = normalQuantile(0.975) * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const rank = (r: number): number => slopes[Math.max(0, Math.min(slopes.length - 1, Math.round(r)))];
  return {
    median: quantile(values, 0.5),
    perHour: quantileOfSorted(slopes, 0.5),
    interval: n < 5 ? null : [rank((slopes.length - spread) / 2 - 1), rank((slopes.length + spread) / 2)],
  };
}
