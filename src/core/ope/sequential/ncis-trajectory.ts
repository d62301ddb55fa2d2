import type { SequentialEstimator } from './sequential-estimator.ts';
import { selfNormalisedReturns } from './session-sums.ts';
import { clippedLogWeights } from './session-weights.ts';

/**
 * Normalised capped importance sampling, trajectory flavour.
 *
 *   V̂ = Σᵢ min(wⁱ₀:T−1, c) Gⁱ / Σᵢ min(wⁱ₀:T−1, c)
 *
 * Without a clip it is self-normalised trajectory-wise importance sampling. With one it is biased towards the log: its
 * interval covers the clipped target.
 *
 * Source: Gilotte et al. 2018.
 */
export const ncisTrajectory: SequentialEstimator = {
  id: 'ncis-trajectory',
  estimand: 'per-session',
  needs: 'nothing',
  weights: 'clipped-session',
  echoes: ['discount', 'clip'],
  reduce: (view) =>
    selfNormalisedReturns(view, 'clipped', clippedLogWeights(view.log, view.policy, view.settings)),
};
