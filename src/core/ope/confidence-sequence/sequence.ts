import { invariant } from '../../check.ts';
import type { Interval } from '../report.ts';
import { refuseInterval, type IntervalResult, type Support } from '../intervals/interval-result.ts';

/**
 * Intervals for the mean of a stream that hold at *all* times at once: P(the mean is ever outside) ≤ α. So the stream may be
 * looked at after every observation, and stopped for any reason. Observations are independent units (or have the same
 * mean given the past), each entering once.
 */
export interface ConfidenceSequence {
  readonly count: number;
  add(x: number): void;
  /** After the observations so far. */
  interval(): IntervalResult;
  /** `add`, then `interval`. */
  update(x: number): IntervalResult;
}

/** Maps a known support onto [0, 1], and remembers what did not fit: from then on there is no bound. */
export class UnitScale {
  readonly #support: Support;
  #violation: number | null = null;

  constructor(support: Support) {
    invariant(Number.isFinite(support.min) && support.max > support.min, 'a support has a width');
    invariant(Number.isFinite(support.max), 'a support is finite');
    this.#support = support;
  }

  /** (x − min)/(max − min), or null once something lay outside. */
  toUnit(x: number): number | null {
    const { min, max } = this.#support;
    if (!(x >= min && x <= max)) this.#violation ??= x;
    return this.#violation === null ? (x - min) / (max - min) : null;
  }

  /** The interval for bounds within [0, 1]; an end without error is that of the support. */
  interval(method: string, level: number, lower: number, upper: number): IntervalResult {
    const { min, max } = this.#support;
    if (this.#violation !== null) return this.#refusal(method, level);
    const back = (u: number): number => min + Math.min(1, Math.max(0, u)) * (max - min);
    return { method, level, lower: back(lower), upper: back(upper) };
  }

  /** A violation on either side is one of both. */
  absorb(other: UnitScale): void {
    const { min, max } = this.#support;
    invariant(min === other.#support.min && max === other.#support.max, 'sequences of one support merge');
    this.#violation ??= other.#violation;
  }

  #refusal(method: string, level: number): IntervalResult {
    const { min, max } = this.#support;
    const reason = `an observation was ${this.#violation}, outside the stated support [${min}, ${max}]`;
    return refuseInterval(method, level, 'support_violated', reason, 'a support that holds for every unit');
  }
}

/**
 * The intersection of all intervals so far is valid too, and never widens again. null once they have nothing in common:
 * at level 1 − α that refutes what was assumed (one mean, the support, independence).
 */
export function intersect(previous: Interval | null, next: Interval): Interval | null {
  if (previous === null) return next;
  const lower = Math.max(previous.lower, next.lower);
  const upper = Math.min(previous.upper, next.upper);
  return lower > upper ? null : { ...next, lower, upper };
}
