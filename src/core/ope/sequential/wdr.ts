import type { Reduction } from './reduction.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import type { SessionView } from './session-view.ts';
import type { RowValues } from './value-tables.ts';
import { truncatedGradient, truncatedReturns, weightedColumns } from './weighted-returns.ts';

/**
 * Weighted doubly robust.
 *
 *   V̂ = Σₜ γᵗ [ Σᵢ wⁱ₀:ₜ (rⁱₜ − Q(sⁱₜ, aⁱₜ)) / Σᵢ wⁱ₀:ₜ + Σᵢ wⁱ₀:ₜ₋₁ V(sⁱₜ) / Σᵢ wⁱ₀:ₜ₋₁ ],   wⁱ₀:₋₁ = 1
 *
 * Sequential doubly robust with the weights of each step normalised over all sessions (ended ones keep their last weight,
 * with r = Q = V = 0). Consistent, not unbiased; less variance than without the normalisation when weights vary. Fails
 * when a few sessions carry late weights.
 *
 * Source: Thomas and Brunskill 2016 (ICML), section 5.
 */
export const wdr: SequentialEstimator = {
  id: 'wdr',
  estimand: 'per-session',
  needs: 'values',
  weights: 'session',
  echoes: ['discount'],
  reduce: (view) =>
    isTrouble(view.values) ? view.values : wdrReduction(view, 'plain', view.logWeights, view.values),
};

/** WDR under any weights per row. */
export function wdrReduction(
  view: SessionView,
  name: string,
  logWeights: Float64Array,
  values: RowValues,
): Reduction {
  const { horizon } = view;
  const { discount } = view.log;
  const last = new Float64Array(horizon + 1);
  last[horizon] = 1;
  return {
    columns: weightedColumns(view, name, logWeights, values),
    value: (totals) => truncatedReturns(totals, horizon, discount)[horizon],
    gradient: (totals) => truncatedGradient(totals, horizon, discount, last),
  };
}
