import type { BanditEstimatorId, Estimand, HyperParameter } from './report.ts';
import { clipAt, type Shrinkage } from './shrinkage.ts';

/** What an estimator may look at, row by row, for one response. */
export interface RowColumns {
  readonly rounds: number;
  /** ŵᵢ, after the estimator's shrinkage. */
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
 * An estimator is a smooth function of sums over rows: V̂ = g(Σᵢ t₁(i), Σᵢ t₂(i), …), and g does not change when all
 * sums are multiplied by one number. Nothing else is asked, so the bootstrap by unit, the delta method and the merge of
 * two logs need only every unit's sums.
 */
export interface Estimator {
  readonly id: BanditEstimatorId;
  readonly estimand: Estimand;
  readonly needsRewardModel: boolean;
  /** Which fit of q̂ it wants: the most accurate one unless told, or the one fitted for `mrdr`. */
  readonly rewardModel?: 'mrdr';
  readonly usesWeights: boolean;
  /** ŵ(w); null or missing: weights as they are. */
  readonly shrinkage?: Shrinkage | null;
  /** Echoed on every estimate. */
  readonly hyperParameters?: Readonly<Record<string, HyperParameter>>;
  /** The clip, where the shrinkage is one. */
  readonly clip?: number;
  readonly terms: readonly RowTerm[];
  /** g of the totals, in the order of `terms`; NaN where it is not defined (a sum of weights of 0). */
  readonly value: (totals: ArrayLike<number>) => number;
  /** ∂g/∂totals, in the same order. */
  readonly gradient: (totals: ArrayLike<number>) => readonly number[];
}

/** A / B and its gradient (1/B, −A/B²). */
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
export const modelUnderPolicy: RowTerm = {
  name: 'model-under-policy',
  isShared: false,
  of: (rows, i) => rows.modelUnderPolicy[i],
};
export const weightedResidual: RowTerm = {
  name: 'weighted-residual',
  isShared: false,
  of: (rows, i) =>
    rows.weights[i] === 0 ? 0 : rows.weights[i] * (rows.responses[i] - rows.modelOfAction[i]),
};
export const doublyRobustTerm: RowTerm = {
  name: 'doubly-robust',
  isShared: false,
  of: (rows, i) => rows.modelUnderPolicy[i] + weightedResidual.of(rows, i),
};

/** JSON has no infinity. */
export const shownNumber = (value: number): HyperParameter => (value === Infinity ? 'infinity' : value);

/** The estimator with weights clipped at c; without a clip it is itself. */
export const withClip = (estimator: Estimator, clip: number | undefined): Estimator =>
  clip === undefined
    ? estimator
    : { ...estimator, shrinkage: clipAt(clip), clip, hyperParameters: { clip: shownNumber(clip) } };
