import { doublyRobust } from './doubly-robust.ts';
import { shownNumber, type Estimator } from './estimator.ts';

/**
 * Doubly robust with optimistic shrinkage.
 *
 *   V̂ = (1/n) Σᵢ [ q̂(xᵢ, π) + ŵᵢ (rᵢ − q̂(xᵢ, aᵢ)) ],   ŵ = λ w / (w² + λ)
 *
 * ŵ minimises a bound of the mean squared error; it never exceeds √λ/2 and falls again for w > √λ. λ = 0 is the direct
 * method, λ = ∞ doubly robust. Biased towards the model for finite λ, by q̂'s error on heavy rows; the interval does
 * not see it. (One library's text has another factor w; the formula here is the paper's.)
 *
 * Source: Su, Dimakopoulou, Krishnamurthy and Dudík 2020 (ICML), eq. 6.
 *
 * @param lambda λ ≥ 0, in units of a squared weight
 */
export const createDoublyRobustShrinkage = (lambda: number): Estimator => ({
  ...doublyRobust,
  id: 'dros',
  shrinkage: { name: `dros ${lambda}`, of: (w) => optimistic(w, lambda) },
  hyperParameters: { drosLambda: shownNumber(lambda) },
});

function optimistic(w: number, lambda: number): number {
  if (lambda === Infinity) return w;
  // At w = 0 and λ = 0 the quotient is 0/0, and its limit from either side is 0.
  return w === 0 ? 0 : (lambda * w) / (w * w + lambda);
}
