import {
  tailError,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from '../intervals/interval-result.ts';
import { normalBoundary, oneSidedNormalBoundary, oneSidedRho, twoSidedRho } from './mixture-boundaries.ts';
import { UnitScale, type ConfidenceSequence } from './sequence.ts';

export interface HoeffdingSequenceOptions extends IntervalOptions {
  readonly support: Support;
  /** Number of observations at which the sequence is tightest. */
  readonly tunedAt: number;
}

/**
 * Conjugate-mixture Hoeffding confidence sequence for the mean of bounded observations: x̄_t ∓ s*(t/4)/t on the unit scale, s* the
 * normal mixture boundary; an observation in [0, 1] is ½-sub-Gaussian whatever its variance.
 *
 * Two sides use the two-sided mixture at α (not two one-sided ones), one side the one-sided mixture at α. Needs counts
 * and sums only, so a merge is exactly the concatenation. Wide where the variance is small. Source: Howard et al. 2021, eq. 14.
 */
export class HoeffdingSequence implements ConfidenceSequence {
  readonly #options: HoeffdingSequenceOptions;
  readonly #scale: UnitScale;
  #count = 0;
  #sum = 0;

  constructor(options: HoeffdingSequenceOptions) {
    tailError(options);
    this.#options = options;
    this.#scale = new UnitScale(options.support);
  }

  get count(): number {
    return this.#count;
  }

  add(x: number): void {
    this.#count++;
    this.#sum += this.#scale.toUnit(x) ?? 0;
  }

  interval(): IntervalResult {
    const { level, sides = 'two-sided' } = this.#options;
    const mean = this.#count === 0 ? 0.5 : this.#sum / this.#count;
    const reach = this.#count === 0 ? 1 : this.#reach();
    const lower = sides === 'upper' ? 0 : mean - reach;
    const upper = sides === 'lower' ? 1 : mean + reach;
    return this.#scale.interval('cs-hoeffding', level, lower, upper);
  }

  update(x: number): IntervalResult {
    this.add(x);
    return this.interval();
  }

  merge(other: HoeffdingSequence): void {
    this.#scale.absorb(other.#scale);
    this.#count += other.#count;
    this.#sum += other.#sum;
  }

  #reach(): number {
    const { level, sides = 'two-sided', tunedAt } = this.#options;
    const alpha = 1 - level;
    const [v, tuned] = [this.#count / 4, tunedAt / 4];
    const boundary =
      sides === 'two-sided'
        ? normalBoundary(v, alpha, twoSidedRho(tuned, alpha))
        : oneSidedNormalBoundary(v, alpha, oneSidedRho(tuned, alpha));
    return boundary / this.#count;
  }
}
