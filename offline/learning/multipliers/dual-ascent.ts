import type { LearnerState } from '../run/learner.ts';
import { clip, type Multipliers } from './multipliers.ts';

export interface DualAscentOptions {
  /** η > 0, per unit of δ and tick. */
  readonly rate: number;
  readonly initial: number;
  /** λ_max: where an unattainable limit ends. */
  readonly maximum: number;
}

/** λ ← clip( λ + η δ, 0, λ_max ): projected ascent on the dual (Tessler et al. 2018, RCPO, arXiv 1805.11074, eq. 7). */
export class DualAscent implements Multipliers {
  readonly values: Float64Array;
  readonly #options: DualAscentOptions;

  constructor(limits: number, options: DualAscentOptions) {
    this.values = new Float64Array(limits).fill(clip(options.initial, 0, options.maximum));
    this.#options = options;
  }

  update(violations: ArrayLike<number>): void {
    const { rate, maximum } = this.#options;
    this.values.forEach((value, j) => (this.values[j] = clip(value + rate * violations[j], 0, maximum)));
  }

  state(): LearnerState {
    return { values: this.values };
  }
}
