import {
  tailError,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from '../intervals/interval-result.ts';
import { GammaExponentialLower } from './gamma-exponential-lower.ts';
import { oneSidedRho } from './mixture-boundaries.ts';
import type { Prior } from './prediction.ts';
import { UnitScale, type ConfidenceSequence } from './sequence.ts';

export interface ConjugateMixtureOptions extends IntervalOptions {
  readonly support: Support;
  /** Σ (x − x̂)² on the unit scale at which the sequence is tightest: units × their variance / width². */
  readonly varianceTunedAt: number;
  /** Prediction of an observation (on the unit scale) from the past; ½ with the weight of one unless told. */
  readonly prior?: Prior | undefined;
}

/**
 * Conjugate-mixture empirical-Bernstein confidence sequence for the mean of bounded observations: `GammaExponentialLower` of
 * x for the lower end and of 1 − x for the upper one, **each at α/2** for two sides; one side alone at α.
 *
 * Valid at all times for every distribution on the support; tight around `varianceTunedAt` and of the order √(V ln V) after.
 * confseq 0.0.11 halves α twice for two sides (α/4 each: valid, too wide). Source: Howard et al. 2021, theorem 4.
 */
export class ConjugateMixtureSequence implements ConfidenceSequence {
  readonly #options: ConjugateMixtureOptions;
  readonly #scale: UnitScale;
  readonly #below: GammaExponentialLower;
  readonly #above: GammaExponentialLower;
  #count = 0;

  constructor(options: ConjugateMixtureOptions) {
    const { prior = { mean: 0.5, weight: 1 } } = options;
    const delta = tailError(options);
    const rho = oneSidedRho(options.varianceTunedAt, delta);
    this.#options = options;
    this.#scale = new UnitScale(options.support);
    this.#below = new GammaExponentialLower(delta, rho, prior);
    this.#above = new GammaExponentialLower(delta, rho, { ...prior, mean: 1 - prior.mean });
  }

  get count(): number {
    return this.#count;
  }

  add(x: number): void {
    this.#count++;
    const u = this.#scale.toUnit(x);
    if (u === null) return;
    this.#below.add(u);
    this.#above.add(1 - u);
  }

  interval(): IntervalResult {
    const { level, sides = 'two-sided' } = this.#options;
    const lower = sides === 'upper' ? 0 : this.#below.value();
    const upper = sides === 'lower' ? 1 : 1 - this.#above.value();
    return this.#scale.interval('cs-conjugate-mixture', level, lower, upper);
  }

  update(x: number): IntervalResult {
    this.add(x);
    return this.interval();
  }

  /** Two independent streams of one mean, each predicted by itself: valid like their concatenation. */
  merge(other: ConjugateMixtureSequence): void {
    this.#count += other.#count;
    this.#scale.absorb(other.#scale);
    this.#below.merge(other.#below);
    this.#above.merge(other.#above);
  }
}
