import { doublyRobust } from './doubly-robust.ts';
import { shownNumber, type Estimator } from './estimator.ts';

/**
 * SWITCH doubly robust: rows with a large weight are left to the model.
 *
 *   V̂ = (1/n) Σᵢ [ q̂(xᵢ, π) + wᵢ 1{wᵢ ≤ λ} (rᵢ − q̂(xᵢ, aᵢ)) ]
 *
 * λ = 0 is the direct method (up to rows of weight 0, which carry no correction), λ = ∞ is doubly robust. Unbiased only
 * where no weight exceeds λ or q̂ is right there; else its bias is the model's error on the rows left to it, and the
 * interval does not see it. It jumps when λ crosses a weight: compare a few λ.
 *
 * Source: Wang, Agarwal and Dudík 2017 (ICML), eq. 7.
 *
 * @param threshold λ ≥ 0, in units of the weight
 */
export const createSwitchDoublyRobust = (threshold: number): Estimator => ({
  ...doublyRobust,
  id: 'switch-dr',
  shrinkage: { name: `switch ${threshold}`, of: (w) => (w <= threshold ? w : 0) },
  hyperParameters: { switchThreshold: shownNumber(threshold) },
});
