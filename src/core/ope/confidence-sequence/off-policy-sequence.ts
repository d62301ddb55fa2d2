import {
  tailError,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from '../intervals/interval-result.ts';
import { refuseInterval } from '../intervals/interval-result.ts';
import { GammaExponentialLower } from './gamma-exponential-lower.ts';

export interface OffPolicySequenceOptions extends IntervalOptions {
  /** The declared range of the response. */
  readonly responses: Support;
}

const PRIOR = { mean: 0.5, weight: 1 };
const RHO = 1;

/**
 * Confidence sequence of V = E[w r] from weights w ≥ 0 with mean 1 and responses in [min, max]:
 *
 *   lower = min + R · L(w (r − min)/R),   upper = max − R · L(w (max − r)/R),   R = max − min
 *
 * L the anytime-valid lower end for non-negative observations (`GammaExponentialLower`, ρ = 1), at α/2 each.
 *
 * Valid at all times, with **no bound on the weights**: only their mean must be 1 (right propensities, full support, no clip;
 * a clip leaves it conservative). Rows are independent; units of several rows enter as one row of w = W_k/m and
 * r = Σ w r / Σ w. Rows dropped at random with probability p enter with w/(1 − p), and each dropped one with w = 0.
 * Source: VW estimators `cs.py`; Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022; Howard et al. 2021 for the boundary.
 */
export class OffPolicySequence {
  readonly #options: OffPolicySequenceOptions;
  readonly #below: GammaExponentialLower;
  readonly #above: GammaExponentialLower;
  #count = 0;
  #violation: string | null = null;

  constructor(options: OffPolicySequenceOptions) {
    const delta = tailError(options);
    this.#options = options;
    this.#below = new GammaExponentialLower(delta, RHO, PRIOR);
    this.#above = new GammaExponentialLower(delta, RHO, PRIOR);
  }

  get count(): number {
    return this.#count;
  }

  add(weight: number, response: number): void {
    this.#count++;
    const { min, max } = this.#options.responses;
    if (!(weight >= 0 && response >= min && response <= max)) {
      this.#violation ??= `a weight was ${weight} with a response of ${response}`;
    }
    this.#below.add((weight * (response - min)) / (max - min));
    this.#above.add((weight * (max - response)) / (max - min));
  }

  interval(): IntervalResult {
    const method = 'cs-off-policy';
    const { level, sides = 'two-sided', responses } = this.#options;
    if (this.#violation !== null) {
      const needed = `weights ≥ 0 and responses in [${responses.min}, ${responses.max}]`;
      return refuseInterval(method, level, 'support_violated', this.#violation, needed);
    }
    const range = responses.max - responses.min;
    const lower = sides === 'upper' ? 0 : Math.min(1, this.#below.value());
    const upper = sides === 'lower' ? 0 : Math.min(1, this.#above.value());
    return { method, level, lower: responses.min + range * lower, upper: responses.max - range * upper };
  }

  update(weight: number, response: number): IntervalResult {
    this.add(weight, response);
    return this.interval();
  }

  /** Two independent streams, each predicted by itself: valid like their concatenation. */
  merge(other: OffPolicySequence): void {
    this.#count += other.#count;
    this.#violation ??= other.#violation;
    this.#below.merge(other.#below);
    this.#above.merge(other.#above);
  }
}
