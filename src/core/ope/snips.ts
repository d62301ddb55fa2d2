import { ratio, weight, weightedResponse, type Estimator } from './estimator.ts';

/**
 * Self-normalised inverse propensity scoring (with a clip: step-wise NCIS, the clip applied above and below).
 *
 *   V̂ = Σᵢ min(wᵢ, c) rᵢ / Σᵢ min(wᵢ, c)
 *
 * Consistent, with a bias of order 1/n; bounded by the smallest and largest logged response; a shift of r shifts it by
 * the same. Fails when few rows carry the weight: it then equals the mean response of those rows and looks precise.
 * With a clip it is biased towards the log's own mean: it screens, it never decides.
 *
 * Source: Swaminathan and Joachims 2015 (NeurIPS), eq. 5.
 */
export const snips: Estimator = {
  id: 'snips',
  estimand: 'per-decision',
  needsRewardModel: false,
  usesWeights: true,
  terms: [weightedResponse, weight],
  ...ratio,
};
