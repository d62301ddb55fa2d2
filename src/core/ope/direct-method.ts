import { modelUnderPolicy, ratio, rowCount, type Estimator } from './estimator.ts';

/**
 * Direct method.
 *
 *   V̂ = (1/n) Σᵢ q̂(xᵢ, π),   q̂(x, π) = Σₐ π(a∣x) q̂(x, a)
 *
 * Unbiased only when q̂ is; a wrong q̂ biases it by an amount that its own interval does not see (the interval covers
 * the variation of states, not the error of q̂). q̂ must be cross-fitted by unit. Uses no weights, so a clip does not
 * touch it; it is refused on unusable logs all the same, because their columns contradict each other.
 *
 * Source: Beygelzimer and Langford 2009; Dudík, Langford and Li 2011, section 2.
 */
export const directMethod: Estimator = {
  id: 'dm',
  estimand: 'per-decision',
  needsRewardModel: true,
  usesWeights: false,
  terms: [modelUnderPolicy, rowCount],
  ...ratio,
};
