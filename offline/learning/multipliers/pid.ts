import type { LearnerState } from '../run/learner.ts';
import { clip, type Multipliers } from './multipliers.ts';

export interface PidOptions {
  readonly proportionalGain: number;
  readonly integralGain: number;
  readonly derivativeGain: number;
  /** Weight of the newest value in the moving averages of the P and D terms, in (0, 1]. */
  readonly smoothing: number;
  readonly initial: number;
  readonly maximum: number;
}

/**
 * PID multiplier (Stooke et al. 2020, "Responsive safety by PID Lagrangian methods"; the form is omnisafe's):
 *
 *   P ← (1 − s) P + s δ          I ← clip( I + K_I δ, 0, λ_max )          δ̄ ← (1 − s) δ̄ + s δ,  D = max(0, δ̄ − δ̄ before)
 *   λ = clip( K_P P + I + K_D D, 0, λ_max )
 *
 * The averages start at the first δ. I is clipped at λ_max as well (omnisafe only below): an unattainable limit would
 * otherwise wind it up without end. Less oscillation than dual ascent, whose integral alone reacts a quarter period late.
 */
export class PidMultipliers implements Multipliers {
  readonly values: Float64Array;
  readonly #proportional: Float64Array;
  readonly #integral: Float64Array;
  readonly #smoothed: Float64Array;
  readonly #ticks = new Float64Array(1);
  readonly #options: PidOptions;

  constructor(limits: number, options: PidOptions) {
    const initial = clip(options.initial, 0, options.maximum);
    this.values = new Float64Array(limits).fill(initial);
    this.#integral = new Float64Array(limits).fill(initial);
    this.#proportional = new Float64Array(limits);
    this.#smoothed = new Float64Array(limits);
    this.#options = options;
  }

  update(violations: ArrayLike<number>): void {
    const { proportionalGain, integralGain, derivativeGain, smoothing, maximum } = this.#options;
    const weight = this.#ticks[0] === 0 ? 1 : smoothing;
    for (let j = 0; j < this.values.length; j += 1) {
      const delta = violations[j];
      const before = this.#ticks[0] === 0 ? delta : this.#smoothed[j];
      this.#proportional[j] += weight * (delta - this.#proportional[j]);
      this.#integral[j] = clip(this.#integral[j] + integralGain * delta, 0, maximum);
      this.#smoothed[j] += weight * (delta - this.#smoothed[j]);
      const derivative = Math.max(0, this.#smoothed[j] - before);
      const sum = proportionalGain * this.#proportional[j] + this.#integral[j] + derivativeGain * derivative;
      this.values[j] = clip(sum, 0, maximum);
    }
    this.#ticks[0] += 1;
  }

  state(): LearnerState {
    return {
      values: this.values,
      proportional: this.#proportional,
      integral: this.#integral,
      smoothed: this.#smoothed,
      ticks: this.#ticks,
    };
  }
}
