import { doublyRobust } from './doubly-robust.ts';
import { shownNumber, type Estimator } from './estimator.ts';
import { ips } from './ips.ts';
import type { Shrinkage } from './shrinkage.ts';

/**
 * Sub-Gaussian inverse propensity scoring: a smooth clip.
 *
 *   V̂ = (1/n) Σᵢ ŵᵢ rᵢ,   ŵ = w / (1 − λ + λ w)
 *
 * ŵ is a harmonic mean of w and 1, at most 1/λ; λ = 0 is `ips`, λ = 1 the plain mean over rows that π may take.
 * Biased for λ > 0, towards the log: weights above 1 shrink and weights below 1 grow, so unlike a clip it has no known
 * sign. Concentrates like a bounded variable; unlike a clip it stays differentiable in w.
 *
 * Source: Metelli, Russo and Restelli 2021 (NeurIPS), eq. 5 with s = −1.
 *
 * @param lambda λ ∈ [0, 1]
 */
export const createSubGaussianIps = (lambda: number): Estimator => ({
  ...ips,
  id: 'sg-ips',
  shrinkage: subGaussian(lambda),
  hyperParameters: { subGaussianLambda: shownNumber(lambda) },
});

/**
 * Sub-Gaussian doubly robust: V̂ = (1/n) Σᵢ [ q̂(xᵢ, π) + ŵᵢ (rᵢ − q̂(xᵢ, aᵢ)) ] with the weights of `sg-ips`.
 *
 * λ = 0 is doubly robust. Its bias is that of `sg-ips` on the residuals, so small where q̂ is good. Source: as `sg-ips`.
 *
 * @param lambda λ ∈ [0, 1]
 */
export const createSubGaussianDoublyRobust = (lambda: number): Estimator => ({
  ...doublyRobust,
  id: 'sg-dr',
  shrinkage: subGaussian(lambda),
  hyperParameters: { subGaussianLambda: shownNumber(lambda) },
});

const subGaussian = (lambda: number): Shrinkage => ({
  name: `sub-gaussian ${lambda}`,
  // At w = 0 and λ = 1 the quotient is 0/0; a row that π never takes has weight 0 whatever λ.
  of: (w) => (w === 0 ? 0 : w / (1 - lambda + lambda * w)),
});
