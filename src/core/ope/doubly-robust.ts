import { doublyRobustTerm, ratio, rowCount, type Estimator } from './estimator.ts';

/**
 * Doubly robust.
 *
 *   V̂ = (1/n) Σᵢ [ q̂(xᵢ, π) + min(wᵢ, c) (rᵢ − q̂(xᵢ, aᵢ)) ]
 *
 * Unbiased when the propensities are right (whatever q̂) or q̂ is right (whatever the propensities), without a clip and
 * with q̂ cross-fitted by unit. Variance is that of the weighted residuals: no gain from a q̂ that explains nothing, and
 * heavy weights hurt as in IPS. Can leave the range of r.
 *
 * Source: Dudík, Langford and Li 2011 (ICML), eq. 2; clipping as in Su et al. 2020.
 */
export const doublyRobust: Estimator = {
  id: 'dr',
  estimand: 'per-decision',
  needsRewardModel: true,
  usesWeights: true,
  terms: [doublyRobustTerm, rowCount],
  ...ratio,
};
