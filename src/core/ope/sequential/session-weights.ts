import { isForcedRow, loggedActionProbability, type EvaluationPolicy } from '../bandit-log.ts';
import type { SequentialLog } from './sequential-log.ts';

/** How a product of weights is held down. */
export interface WeightClip {
  /** c ≥ 1; Infinity clips nothing. */
  readonly clip: number;
  /** Clip to [1/c, c], not to [0, c]. */
  readonly isTwoSided: boolean;
  /** Clip every factor w_t, not the product w₀:ₜ. */
  readonly clipsFactors: boolean;
}

/** log w_t = log π(a∣x) − log μ(a∣x); 0 on forced rows, −∞ where π never does this. */
export function logStepWeight(log: SequentialLog, policy: EvaluationPolicy, row: number): number {
  if (isForcedRow(log, row)) return 0;
  return Math.log(loggedActionProbability(log, policy, row)) - Math.log(log.propensities[row]);
}

/**
 * log w₀:ₜ = Σ_{k ≤ t} log w_k on every row. A product of probabilities lives in log space: after some hundred steps the
 * product itself would underflow, or overflow.
 */
export function cumulativeLogWeights(log: SequentialLog, policy: EvaluationPolicy): Float64Array {
  return accumulate(log, (row) => logStepWeight(log, policy, row));
}

/** The same with a clip, by default on the product: log min(w₀:ₜ, c). */
export function clippedLogWeights(
  log: SequentialLog,
  policy: EvaluationPolicy,
  clip: WeightClip,
): Float64Array {
  const limit = Math.log(clip.clip);
  const hold = (value: number): number =>
    clip.isTwoSided ? Math.max(-limit, Math.min(limit, value)) : Math.min(limit, value);
  if (clip.clipsFactors) return accumulate(log, (row) => hold(logStepWeight(log, policy, row)));
  return cumulativeLogWeights(log, policy).map(hold);
}

/**
 * Weights between the per-decision and the marginal ones: ρ(s_{t−k}, a_{t−k}) Π_{t−k < l ≤ t} w_l, and w₀:ₜ while t < k.
 * k = 0 is the marginal ratio itself; k ≥ H gives the per-decision weights.
 *
 * @param ratios ρ(s, a) = d^π_t(s, a) / d^μ_t(s, a) of every row, > 0 where π goes
 * Source: Yuan, Chandak, Giguere, Thomas and Niekum 2021 (SOPE).
 */
export function spectrumLogWeights(
  log: SequentialLog,
  policy: EvaluationPolicy,
  ratios: Float64Array,
  lookback: number,
): Float64Array {
  const weights = cumulativeLogWeights(log, policy);
  for (let j = 0; j < log.sessionCount; j++) {
    const start = log.starts[j];
    // From the back: the entries before are still the plain ones.
    for (let i = log.starts[j + 1] - 1; i >= start + lookback; i--) {
      let value = Math.log(ratios[i - lookback]);
      for (let l = i - lookback + 1; l <= i; l++) value += logStepWeight(log, policy, l);
      weights[i] = value;
    }
  }
  return weights;
}

function accumulate(log: SequentialLog, of: (row: number) => number): Float64Array {
  const sums = new Float64Array(log.rounds);
  for (let j = 0; j < log.sessionCount; j++) {
    let sum = 0;
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) sums[i] = sum += of(i);
  }
  return sums;
}
