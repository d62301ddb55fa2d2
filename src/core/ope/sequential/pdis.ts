import { ratioReduction } from './reduction.ts';
import type { SequentialEstimator } from './sequential-estimator.ts';
import { discountedSums, sessionCounts, type SessionView } from './session-view.ts';

/**
 * Per-decision importance sampling.
 *
 *   V̂ = (1/n) Σᵢ Σₜ γᵗ wⁱ₀:ₜ rⁱₜ
 *
 * Unbiased like trajectory-wise importance sampling, with less variance: a reward pays only for actions up to its own
 * step. Still fails with long sessions, because late rewards carry the whole product.
 *
 * Source: Precup, Sutton and Singh 2000, theorem 2.
 */
export const pdis: SequentialEstimator = {
  id: 'pdis',
  estimand: 'per-session',
  needs: 'nothing',
  weights: 'session',
  echoes: ['discount'],
  reduce: (view) => ratioReduction(weightedRewardSums(view, view.logWeights), sessionCounts(view)),
};

/** Σₜ γᵗ wₜ rₜ by unit, under any weights per row. */
export const weightedRewardSums = (view: SessionView, logWeights: Float64Array): Float64Array =>
  discountedSums(view, (row) => {
    const weight = Math.exp(logWeights[row]);
    return weight === 0 ? 0 : weight * view.responses[row];
  });
