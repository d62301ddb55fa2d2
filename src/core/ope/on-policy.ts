import { ratio, rowCount, type Estimator } from './estimator.ts';

/**
 * The log's own mean, (1/n) Σᵢ rᵢ: the value of the behavior policy without any weight. Every estimator compares with
 * it when the other side of a paired difference is `behavior`; it takes the id of the estimator it stands in for.
 */
export const onPolicyMean = (standsInFor: Estimator): Estimator => ({
  id: standsInFor.id,
  estimand: 'per-decision',
  needsRewardModel: false,
  usesWeights: false,
  terms: [{ name: 'response', isShared: false, of: (rows, i) => rows.responses[i] }, rowCount],
  ...ratio,
});
