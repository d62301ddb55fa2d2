import { isForcedRow, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';

/** q̂ on the log: its mean under π and its value for the served action. */
export interface RewardModelValues {
  /** q̂(xᵢ, π) = Σₐ π(a∣xᵢ) q̂(xᵢ, a). */
  readonly underPolicy: Float64Array;
  /** q̂(xᵢ, aᵢ). */
  readonly ofAction: Float64Array;
}

/**
 * Reads the reward model q̂ (rounds × K, row-major) on the log. On a forced row π has no choice, so
 * q̂(x, π) = q̂(x, a).
 */
export function rewardModelValues(
  log: BanditLog,
  policy: EvaluationPolicy & { readonly kind: 'distribution' },
  rewardModel: Float64Array,
): RewardModelValues {
  const k = policy.actionCount;
  const underPolicy = new Float64Array(log.rounds);
  const ofAction = new Float64Array(log.rounds);
  for (let i = 0; i < log.rounds; i++) {
    ofAction[i] = rewardModel[i * k + log.actions[i]];
    underPolicy[i] = isForcedRow(log, i) ? ofAction[i] : dotRow(policy.probabilities, rewardModel, i * k, k);
  }
  return { underPolicy, ofAction };
}

function dotRow(a: Float64Array, b: Float64Array, from: number, length: number): number {
  let sum = 0;
  // A zero probability must not meet a NaN prediction of an action that cannot be taken.
  for (let j = from; j < from + length; j++) if (a[j] !== 0) sum += a[j] * b[j];
  return sum;
}
