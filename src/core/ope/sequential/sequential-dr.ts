import { ratioReduction } from './reduction.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import { discountedSums, sessionCounts, type SessionView } from './session-view.ts';
import type { RowValues } from './value-tables.ts';

/**
 * Sequential doubly robust (per decision).
 *
 *   V̂ = (1/n) Σᵢ Σₜ γᵗ [ wⁱ₀:ₜ (rⁱₜ − Q(sⁱₜ, aⁱₜ)) + wⁱ₀:ₜ₋₁ V(sⁱₜ) ],   V(s) = Σₐ π(a∣s) Q(s, a),   w₀:₋₁ = 1
 *
 * Unbiased for any Q that was not fitted on these sessions when propensities are right; a good Q takes the variance of
 * the states' course and leaves that of the residuals. Fails like per-decision importance sampling when products of
 * weights are heavy and Q is poor; can leave the range of returns.
 *
 * Source: Jiang and Li 2016 (ICML), eq. 10; Thomas and Brunskill 2016, eq. 1.
 */
export const sequentialDr: SequentialEstimator = {
  id: 'sequential-dr',
  estimand: 'per-session',
  needs: 'values',
  weights: 'session',
  echoes: ['discount'],
  reduce: (view) => {
    const { values } = view;
    if (isTrouble(values)) return values;
    return ratioReduction(doublyRobustSums(view, view.logWeights, values), sessionCounts(view));
  },
};

/** Σₜ γᵗ [wₜ (rₜ − Q) + wₜ₋₁ V] by unit, under any weights per row (marginal ones too). */
export function doublyRobustSums(
  view: SessionView,
  logWeights: Float64Array,
  { ofState, ofAction }: RowValues,
): Float64Array {
  return discountedSums(view, (row, step) => {
    const weight = Math.exp(logWeights[row]);
    const before = step === 0 ? 1 : Math.exp(logWeights[row - 1]);
    const residual = weight === 0 ? 0 : weight * (view.responses[row] - ofAction[row]);
    return residual + (before === 0 ? 0 : before * ofState[row]);
  });
}
