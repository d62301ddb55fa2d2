import type { SequentialEstimator } from './sequential-estimator.ts';
import { selfNormalisedReturns } from './session-sums.ts';

/**
 * Self-normalised trajectory-wise importance sampling.
 *
 *   V̂ = Σᵢ wⁱ₀:T−1 Gⁱ / Σᵢ wⁱ₀:T−1
 *
 * Consistent, with a bias of order 1/n; stays within the smallest and largest logged return. Fails when few sessions
 * carry the weight: it then equals their mean return and looks precise.
 *
 * Source: Precup, Sutton and Singh 2000, section 3 (weighted importance sampling).
 */
export const sntis: SequentialEstimator = {
  id: 'sntis',
  estimand: 'per-session',
  needs: 'nothing',
  weights: 'session',
  echoes: ['discount'],
  reduce: (view) => selfNormalisedReturns(view, 'plain', view.logWeights),
};
