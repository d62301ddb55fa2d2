import { normalQuantile } from '../math/normal.ts';
import type { Interval } from './report.ts';

/**
 * Standard error of g(Σₖ Sₖ) with units k as clusters, by the delta method:
 *
 *   ψₖ = ∇g · (Sₖ − S̄),   se² = K/(K − 1) Σₖ ψₖ²
 *
 * For a ratio N/D this is Σₖ (Nₖ − V Dₖ)² / D² with the small-sample factor; for a mean of one row per unit it is the
 * usual s/√n with the n − 1 variance. NaN for a single unit: one unit says nothing about variation between units.
 *
 * Source: Cochran 1977, ch. 6; Deng, Knoblich and Lu 2018.
 */
export function standardError(influences: Float64Array): number {
  const k = influences.length;
  if (k < 2) return NaN;
  let mean = 0;
  for (const value of influences) mean += value / k;
  let squares = 0;
  for (const value of influences) squares += (value - mean) * (value - mean);
  return Math.sqrt((squares * k) / (k - 1));
}

/** ∇g · Sₖ of every unit (the centring is left to `standardError`). */
export function influencesByUnit(
  columns: readonly Float64Array[],
  gradient: readonly number[],
): Float64Array {
  const influences = new Float64Array(columns[0]?.length ?? 0);
  for (let j = 0; j < columns.length; j++) {
    for (let k = 0; k < influences.length; k++) influences[k] += gradient[j] * columns[j][k];
  }
  return influences;
}

/** value ± z se: asymptotic, so it needs many units and no unit that carries much of the weight. */
export function normalInterval(value: number, error: number, level: number): Interval | null {
  if (!Number.isFinite(error)) return null;
  const z = normalQuantile((1 + level) / 2);
  return { method: 'delta-normal', level, lower: value - z * error, upper: value + z * error };
}
