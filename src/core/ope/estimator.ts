import type { BanditEstimatorId, Estimand } from './report.ts';

/** What an estimator may look at, row by row, for one response. */
export interface RowColumns {
  readonly rounds: number;
  /** wᵢ, after the clip where there is one. */
  readonly weights: Float64Array;
  /** rᵢ. */
  readonly responses: Float64Array;
  /** q̂(xᵢ, π); empty without a reward model. */
  readonly modelUnderPolicy: Float64Array;
  /** q̂(xᵢ, aᵢ); empty without a reward model. */
  readonly modelOfAction: Float64Array;
}

/** One number per row whose sum over rows an estimator needs. Terms with `isShared` ignore the response. */
export interface RowTerm {
  readonly name: string;
  readonly isShared: boolean;
  readonly of: (rows: RowColumns, i: number) => number;
}

/**
 * An estimator is a smooth function of sums over rows: V̂ = g(Σᵢ t₁(i), Σᵢ t₂(i), …). Nothing else is asked, so the
 * bootstrap by unit, the delta method and the merge of two logs need only every unit's sums.
 */
export interface Estimator {
  readonly id: BanditEstimatorId;
  readonly estimand: Estimand;
  readonly needsRewardModel: boolean;
  readonly usesWeights: boolean;
  readonly terms: readonly RowTerm[];
  /** g of the totals, in the order of `terms`; NaN where it is not defined (a sum of weights of 0). */
  readonly value: (totals: ArrayLike<number>) => number;
  /** ∂g/∂totals, in the same order. */
  readonly gradient: (totals: ArrayLike<number>) => readonly number[];
}

/** A / B and its gradient (1/B, −A/B²): every estimator of this release is such a ratio. */
export const ratio = {
  value: (totals: ArrayLike<number>): number => (totals[1] === 0 ? NaN : totals[0] / totals[1]),
  gradient: (totals: ArrayLike<number>): readonly number[] => [
    1 / totals[1],
    -totals[0] / (totals[1] * totals[1]),
  ],
} as const;

export const rowCount: RowTerm = { name: 'rows', isShared: true, of: () => 1 };
export const weight: RowTerm = { name: 'weight', isShared: true, of: (rows, i) => rows.weights[i] };
export const weightedResponse: RowTerm = {
  name: 'weighted-response',
  isShared: false,
  // A weight of 0 says that π never does this; whatever the response was, it does not count.
  of: (rows, i) => (rows.weights[i] === 0 ? 0 : rows.weights[i] * rows.responses[i]),
};
