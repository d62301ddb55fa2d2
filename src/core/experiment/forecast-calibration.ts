import { normalQuantile } from '../math/normal.ts';

export interface ForecastPair {
  readonly offline: { readonly value: number; readonly lower: number; readonly upper: number };
  readonly online: {
    readonly value: number;
    readonly lower: number;
    readonly upper: number;
    readonly standardError?: number;
  };
}

export interface Calibration {
  /** Offline minus online: above 0 the forecast promised too much. */
  readonly difference: number;
  /** z √(se²_off + se²_on). */
  readonly tolerance: number;
  readonly isCovered: boolean;
}

/**
 * Does a forecast agree with what was measured for the same estimand?
 *
 *     |off − on| ≤ z √(se²_off + se²_on),   z = z_{(1 + level)/2}
 *
 * Errors are read off intervals of that level where none is given: half the width over z. An online interval that holds at
 * every look is wider than that, so coverage read from it alone flatters the forecast.
 *
 * @param level two-sided, of the offline interval and of the agreement, in (0, 1).
 */
export function calibrate({ offline, online }: ForecastPair, level: number): Calibration {
  const z = normalQuantile((1 + level) / 2);
  const ofWidth = (interval: { readonly lower: number; readonly upper: number }): number =>
    (interval.upper - interval.lower) / (2 * z);
  const difference = offline.value - online.value;
  const tolerance = z * Math.hypot(ofWidth(offline), online.standardError ?? ofWidth(online));
  return { difference, tolerance, isCovered: Math.abs(difference) <= tolerance };
}

/** Of the first k pairs in the order given, for every k: the share that was covered. */
export function coverageOverTime(covered: readonly boolean[]): readonly number[] {
  let count = 0;
  return covered.map((isCovered, k) => (count += isCovered ? 1 : 0) / (k + 1));
}
