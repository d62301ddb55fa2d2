import type { SequentialEstimator } from './sequential-estimator.ts';
import { selfNormalisedSteps } from './session-sums.ts';
import { clippedLogWeights } from './session-weights.ts';

/**
 * Normalised capped importance sampling, per-decision flavour.
 *
 *   V̂ = Σₜ γᵗ Σᵢ min(wⁱ₀:ₜ, c) rⁱₜ / Σᵢ min(wⁱ₀:ₜ, c)
 *
 * The clip holds the product (each factor, or both sides, on request). Without a clip it is self-normalised per-decision
 * importance sampling. With one it is biased towards the log: its interval covers the clipped target.
 *
 * Source: Gilotte et al. 2018.
 */
export const ncisPerDecision: SequentialEstimator = {
  id: 'ncis-per-decision',
  estimand: 'per-session',
  needs: 'nothing',
  weights: 'clipped-session',
  echoes: ['discount', 'clip'],
  reduce: (view) =>
    selfNormalisedSteps(view, 'clipped', clippedLogWeights(view.log, view.policy, view.settings)),
};
