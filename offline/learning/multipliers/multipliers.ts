import type { LearnerState } from '../run/learner.ts';

/**
 * λ of every limit, on a slow clock. Pure arithmetic on state arrays, so a checkpoint resumes it exactly.
 *
 * Units: a violation is δ = (J_c − limit) / (spread of the cost's advantage): 1 means "as far off as the usual choice
 * of action moves the cost". λ weighs a standardised cost advantage against a standardised main advantage. Both are
 * dimensionless, so one step size serves rates of 0.0005 and watch times in milliseconds.
 */
export interface Multipliers {
  /** λ ≥ 0 by limit; the array is the state itself. */
  readonly values: Float64Array;
  /** One tick: δ by limit, from the *evaluated* cost of the policy as it is now. */
  update(violations: ArrayLike<number>): void;
  state(): LearnerState;
}

export const clip = (x: number, least: number, most: number): number => Math.min(most, Math.max(least, x));
