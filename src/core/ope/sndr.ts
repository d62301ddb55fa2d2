import { modelUnderPolicy, rowCount, weight, weightedResidual, type Estimator } from './estimator.ts';

/**
 * Self-normalised doubly robust.
 *
 *   V̂ = (1/n) Σᵢ q̂(xᵢ, π) + Σᵢ min(wᵢ, c) (rᵢ − q̂(xᵢ, aᵢ)) / Σᵢ min(wᵢ, c)
 *
 * Consistent when the propensities or q̂ are right, with a bias of order 1/n. Bounded: q̂'s mean plus a weighted mean of
 * residuals, so it stays within [min q̂ + min residual, max q̂ + max residual]; a shift of r and q̂ shifts it by the
 * same. Fails as `snips` does when few rows carry the weight. The error of Σw is part of its standard error and of every
 * resample.
 *
 * Source: Robins, Sued, Lei-Gomez and Rotnitzky 2007; Thomas and Brunskill 2016, section 5 (one step).
 */
export const selfNormalisedDoublyRobust: Estimator = {
  id: 'sndr',
  estimand: 'per-decision',
  needsRewardModel: true,
  usesWeights: true,
  terms: [modelUnderPolicy, rowCount, weightedResidual, weight],
  value: (t) => (t[1] === 0 || t[3] === 0 ? NaN : t[0] / t[1] + t[2] / t[3]),
  gradient: (t) => [1 / t[1], -t[0] / (t[1] * t[1]), 1 / t[3], -t[2] / (t[3] * t[3])],
};
