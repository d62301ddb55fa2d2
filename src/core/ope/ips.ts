import { ratio, rowCount, weightedResponse, type Estimator } from './estimator.ts';

/**
 * Inverse propensity scoring.
 *
 *   V̂ = (1/n) Σᵢ min(wᵢ, c) rᵢ,   wᵢ = π(aᵢ∣xᵢ) / μ(aᵢ∣xᵢ)
 *
 * Unbiased when propensities are right, μ(a∣x) > 0 wherever π(a∣x) > 0, and nothing is clipped. Fails (huge variance)
 * when weights are heavy-tailed; a clip c trades that for a bias towards 0 (downwards for r ≥ 0). Not invariant to a
 * shift of r: adding a constant moves the estimate by constant × mean weight.
 *
 * Source: Horvitz and Thompson 1952; Strehl, Langford, Li and Kakade 2010. `allot ope` refuses it on unusable logs.
 */
export const ips: Estimator = {
  id: 'ips',
  estimand: 'per-decision',
  needsRewardModel: false,
  usesWeights: true,
  terms: [weightedResponse, rowCount],
  ...ratio,
};
