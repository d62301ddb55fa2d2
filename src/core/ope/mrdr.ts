import { isForcedRow, loggedActionProbability, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import { doublyRobust } from './doubly-robust.ts';
import type { Estimator } from './estimator.ts';

/**
 * More robust doubly robust: `dr` with a q̂ that was fitted to make the estimate's variance small, not its own error.
 *
 *   V̂ = (1/n) Σᵢ [ q̂(xᵢ, π) + min(wᵢ, c) (rᵢ − q̂(xᵢ, aᵢ)) ],   q̂ = argmin Σᵢ ωᵢ (rᵢ − q(xᵢ, aᵢ))²
 *
 * with the weights ωᵢ of `mrdrFittingWeights`. Unbiased as `dr` is. Its q̂ is worse as a prediction where π rarely goes:
 * never use it for `dm`. Needs models of its own, fitted for this evaluation policy (`mrdrModels`), cross-fitted by unit.
 *
 * Source: Farajtabar, Chow and Ghavamzadeh 2018 (ICML), section 4.
 */
export const moreRobustDoublyRobust: Estimator = { ...doublyRobust, id: 'mrdr', rewardModel: 'mrdr' };

/**
 * ωᵢ = π(aᵢ∣xᵢ) (1 − pᵢ) / pᵢ²: the weight of row i when the reward model of `mrdr` is fitted by least squares.
 *
 * 0 on forced rows, which add no variance, and where p = 1. Not normalised. Source: Farajtabar et al. 2018, eq. 12, for a
 * stochastic evaluation policy.
 */
export function mrdrFittingWeights(log: BanditLog, policy: EvaluationPolicy): Float64Array {
  const weights = new Float64Array(log.rounds);
  for (let i = 0; i < log.rounds; i++) {
    const p = log.propensities[i];
    if (!isForcedRow(log, i)) weights[i] = (loggedActionProbability(log, policy, i) * (1 - p)) / (p * p);
  }
  return weights;
}
