import type { SequentialEstimator } from './sequential-estimator.ts';
import { selfNormalisedSteps } from './session-sums.ts';

/**
 * Self-normalised per-decision importance sampling.
 *
 *   V̂ = Σₜ γᵗ Σᵢ wⁱ₀:ₜ rⁱₜ / Σᵢ wⁱ₀:ₜ
 *
 * Consistent; the weights of a step are normalised over all sessions, ended ones included with their last weight and
 * reward 0. Normalising over running sessions only would value the survivors. Fails like every product of weights when
 * sessions are long.
 *
 * Source: Thomas 2015 (dissertation), section 3.9 (consistent weighted per-decision importance sampling).
 */
export const snpdis: SequentialEstimator = {
  id: 'snpdis',
  estimand: 'per-session',
  needs: 'nothing',
  weights: 'session',
  echoes: ['discount'],
  reduce: (view) => selfNormalisedSteps(view, 'plain', view.logWeights),
};
