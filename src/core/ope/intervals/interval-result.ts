import { invariant } from '../../check.ts';
import type { Interval } from '../report.ts';

/** No bound anywhere that could be mistaken for one: why, and what would be needed. */
export interface IntervalRefusal {
  readonly method: string;
  readonly level: number;
  readonly refusal: { readonly code: string; readonly reason: string; readonly needed: string };
}

export type IntervalResult = Interval | IntervalRefusal;

/** `lower` and `upper` spend the whole error on one end; the other end is then that of the support, or infinite. */
export type Sides = 'two-sided' | 'lower' | 'upper';

export interface IntervalOptions {
  /** 1 − α in (0, 1): two-sided, or one-sided for one side. */
  readonly level: number;
  readonly sides?: Sides | undefined;
}

/** Where every contribution lies, whatever the data: known beforehand, never read off the sample. */
export interface Support {
  readonly min: number;
  readonly max: number;
}

export const isIntervalRefusal = (result: IntervalResult): result is IntervalRefusal => 'refusal' in result;

export const refuseInterval = (
  method: string,
  level: number,
  code: string,
  reason: string,
  needed: string,
): IntervalRefusal => ({ method, level, refusal: { code, reason, needed } });

/** The error of each end: α/2 of a two-sided interval, α of a one-sided bound. */
export function tailError({ level, sides = 'two-sided' }: IntervalOptions): number {
  invariant(level > 0 && level < 1, 'level in (0, 1)');
  return sides === 'two-sided' ? (1 - level) / 2 : 1 - level;
}

/** center ∓ reach, an end without error at the end of the support. */
export function intervalAround(
  method: string,
  center: number,
  reach: number,
  options: IntervalOptions,
  support: Support = { min: -Infinity, max: Infinity },
): Interval {
  const { level, sides = 'two-sided' } = options;
  return {
    method,
    level,
    lower: sides === 'upper' ? support.min : Math.max(support.min, center - reach),
    upper: sides === 'lower' ? support.max : Math.min(support.max, center + reach),
  };
}

/** Too few units for a spread, or numbers that are none. */
export function unusableContributions(
  method: string,
  values: Float64Array,
  level: number,
  atLeast: number,
): IntervalRefusal | null {
  if (values.length < atLeast) {
    const reason = `there are ${values.length} units`;
    return refuseInterval(method, level, 'too_few_units', reason, `at least ${atLeast} independent units`);
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return null;
  const reason = `the contribution of unit ${bad} is ${values[bad]}`;
  return refuseInterval(method, level, 'contribution_invalid', reason, 'a finite contribution of every unit');
}
