import type { LearnerState } from '../run/learner.ts';

/**
 * dL_α/d log α of L_α = −α · ( Σ_a π log π + H* ) = α (H − H*), averaged over the states (Christodoulou 2019,
 * arXiv 1910.07207, eq. 11): above the target entropy α falls, below it α grows.
 *
 * @param entropy mean entropy H of the policy, nats
 * @param target H*, nats
 */
export const temperatureGradient = (alpha: number, entropy: number, target: number): number =>
  alpha * (entropy - target);

export interface TemperatureOptions {
  readonly initial: number;
  /** α never gets larger: a target entropy that the policy cannot reach would otherwise drown the values. */
  readonly max: number;
  /** H*, nats. */
  readonly target: number;
  readonly learningRate: number;
}

const beta1 = 0.9;
const beta2 = 0.999;

/** The weight of the entropy, learned on its logarithm (so it stays positive) by Adam (Kingma & Ba 2015). */
export class Temperature {
  readonly #options: TemperatureOptions;
  /** log α, first and second moment, steps. */
  readonly #state: Float64Array;

  constructor(options: TemperatureOptions) {
    this.#options = options;
    this.#state = Float64Array.of(Math.log(Math.min(options.initial, options.max)), 0, 0, 0);
  }

  get alpha(): number {
    return Math.exp(this.#state[0]);
  }

  /** One step from the policy's mean entropy on a batch; returns the new α. */
  update(entropy: number): number {
    const { target, max, learningRate } = this.#options;
    const [logAlpha, m, v, steps] = this.#state;
    const gradient = temperatureGradient(Math.exp(logAlpha), entropy, target);
    const first = beta1 * m + (1 - beta1) * gradient;
    const second = beta2 * v + (1 - beta2) * gradient * gradient;
    const step = first / (1 - beta1 ** (steps + 1));
    const size = Math.sqrt(second / (1 - beta2 ** (steps + 1))) + 1e-8;
    const moved = logAlpha - (learningRate * step) / size;
    this.#state.set([Math.min(moved, Math.log(max)), first, second, steps + 1]);
    return this.alpha;
  }

  state(): LearnerState {
    return { 'log-alpha': this.#state };
  }
}
