import { invariant } from '../../check.ts';
import { confidenceSequenceReach } from '../../experiment/confidence-sequence.ts';
import { refuseInterval, type IntervalResult } from '../intervals/interval-result.ts';
import type { ConfidenceSequence } from './sequence.ts';

export interface AsymptoticOptions {
  readonly level: number;
  /** n*: units at which the sequence is tightest. */
  readonly tunedAt: number;
  /** Units below which there is no interval: the limit has not begun. */
  readonly minUnits: number;
}

/**
 * Asymptotic confidence sequence of a mean: x̄_n ∓ h(n) s/√n, h as in `experiment/confidence-sequence.ts`, s² = Σ(x − x̄)²/(n − 1).
 *
 * Needs no support: for unclipped weights and unbounded responses with a finite variance. Its error over all looks tends to α
 * only as the minimum grows; heavy-tailed contributions need a large one. Needs moments only, so a merge is exactly the
 * concatenation. Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, theorem 2.2.
 */
export class AsymptoticSequence implements ConfidenceSequence {
  readonly #options: AsymptoticOptions;
  #count = 0;
  #mean = 0;
  #squares = 0;

  constructor(options: AsymptoticOptions) {
    invariant(options.level > 0 && options.level < 1, 'level in (0, 1)');
    invariant(options.minUnits >= 2, 'a minimum of at least two units');
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** Welford's update. */
  add(x: number): void {
    this.#count++;
    const before = x - this.#mean;
    this.#mean += before / this.#count;
    this.#squares += before * (x - this.#mean);
  }

  interval(): IntervalResult {
    const method = 'cs-asymptotic';
    const { level, tunedAt, minUnits } = this.#options;
    const n = this.#count;
    if (n < minUnits) {
      return refuseInterval(method, level, 'too_few_units', `there are ${n} units`, `${minUnits} units`);
    }
    if (!Number.isFinite(this.#squares)) {
      return refuseInterval(
        method,
        level,
        'contribution_invalid',
        'a unit is not a number',
        'finite numbers',
      );
    }
    const reach = confidenceSequenceReach(n, 1 - level, tunedAt) * Math.sqrt(this.#squares / (n - 1) / n);
    return { method, level, lower: this.#mean - reach, upper: this.#mean + reach };
  }

  update(x: number): IntervalResult {
    this.add(x);
    return this.interval();
  }

  /** Chan, Golub and LeVeque 1979. */
  merge(other: AsymptoticSequence): void {
    const n = this.#count + other.#count;
    if (n === 0) return;
    const gap = other.#mean - this.#mean;
    this.#squares += other.#squares + (gap * gap * this.#count * other.#count) / n;
    this.#mean += (gap * other.#count) / n;
    this.#count = n;
  }
}
