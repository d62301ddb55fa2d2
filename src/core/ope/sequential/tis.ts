import { ratioReduction } from './reduction.ts';
import type { SequentialEstimator } from './sequential-estimator.ts';
import { discountedReturn, lastRow } from './session-sums.ts';
import { sumSessionsByUnit } from './sequential-log.ts';
import { sessionCounts } from './session-view.ts';

/**
 * Trajectory-wise importance sampling.
 *
 *   V̂ = (1/n) Σᵢ wⁱ₀:T−1 Gⁱ,   Gⁱ = Σₜ γᵗ rⁱₜ,   w₀:T−1 = Πₜ π(aₜ∣xₜ)/μ(aₜ∣xₜ)
 *
 * Unbiased for the mean discounted return of a session when propensities are right and π goes only where μ goes. Fails
 * with long sessions: the variance of the product grows exponentially in T, and an early reward pays for later actions
 * that cannot have caused it.
 *
 * Source: Precup, Sutton and Singh 2000, section 3.
 */
export const tis: SequentialEstimator = {
  id: 'tis',
  estimand: 'per-session',
  needs: 'nothing',
  weights: 'session',
  echoes: ['discount'],
  reduce: (view) =>
    ratioReduction(
      sumSessionsByUnit(view.log, (j) => {
        const weight = Math.exp(view.logWeights[lastRow(view.log, j)]);
        return weight === 0 ? 0 : weight * discountedReturn(view, j);
      }),
      sessionCounts(view),
    ),
};
