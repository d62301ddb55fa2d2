import type { LearnerState } from '../run/learner.ts';
import type { Multipliers } from './multipliers.ts';

/** λ as configured, whatever the cost is. */
export class FixedMultipliers implements Multipliers {
  readonly values: Float64Array;

  constructor(values: ArrayLike<number>) {
    this.values = Float64Array.from(values);
  }

  update(): void {
    // Nothing moves: that is what fixed means.
  }

  state(): LearnerState {
    return { values: this.values };
  }
}
