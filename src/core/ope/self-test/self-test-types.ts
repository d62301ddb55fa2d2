import type { BanditLog, EvaluationPolicy } from '../bandit-log.ts';
import type { OpeOptions } from '../ope-options.ts';
import type { BanditEstimatorId, OpeReport } from '../report.ts';
import type { Trouble } from '../trouble.ts';

export type DistributionPolicy = EvaluationPolicy & { readonly kind: 'distribution' };

/** A log of the same shape whose outcomes come from a world with a known truth. */
export interface Replicate {
  readonly log: BanditLog;
  readonly policy: DistributionPolicy;
  /** The row of the original log that every row stands for: where its context is. */
  readonly rows: Int32Array;
}

/**
 * Fits q̂ as it is fitted on the real log: rounds × K, row-major, cross-fitted by unit (`replicate.log.units`). It sees
 * outcomes only through `replicate.log.responses`, contexts through `replicate.rows`. null: there is no model.
 */
export type RewardModelFitter = (replicate: Replicate, response: string) => Float64Array | null;

export interface SelfTestInput {
  readonly log: BanditLog;
  readonly policy: DistributionPolicy;
  readonly response: string;
  readonly fit: RewardModelFitter;
  /** Estimators, level, bootstrap resamples, limits and hyper-parameters: those whose answer is in question. */
  readonly options: Omit<OpeOptions, 'rewardModels' | 'mrdrModels' | 'locate'>;
  /** ≥ 2; 200 tells a coverage of 95 % from one of 90 %. */
  readonly replicates: number;
  readonly seed: number;
  /** Size of the part of the world that no q̂ was made for, relative to what it explains; 1 unless told, ≥ 0. */
  readonly misspecification?: number;
  /** What values a replicate; `evaluateLog` unless told. Its intervals are the ones that are judged. */
  readonly evaluate?: (log: BanditLog, policy: DistributionPolicy, options: OpeOptions) => OpeReport;
  /** Called after every replicate. */
  readonly progress?: (done: number, of: number) => void;
}

export interface IntervalScore {
  readonly method: string;
  readonly level: number;
  /** Share of replicates whose interval held the truth; a replicate without an interval did not. */
  readonly coverage: number;
  /** Binomial standard error of the coverage. */
  readonly coverageError: number;
  /** Share of replicates with the truth below the interval, and above it. */
  readonly missedBelow: number;
  readonly missedAbove: number;
  readonly meanWidth: number;
  /** False where the coverage is below the level by more than two binomial errors. */
  readonly isCovering: boolean;
}

export interface EstimatorScore {
  readonly estimator: BanditEstimatorId;
  /** Replicates that it answered. */
  readonly answered: number;
  readonly refused: number;
  readonly bias: number;
  /** Monte-Carlo standard error of the bias. */
  readonly biasError: number;
  readonly rmse: number;
  /** Mean of the standard errors that it claims, to be compared with the spread of its estimates. */
  readonly meanStandardError: number;
  readonly spread: number;
  readonly intervals: readonly IntervalScore[];
}

export interface Advice {
  /** Which one to trust on logs of this shape, in a sentence. */
  readonly sentence: string;
  readonly trusted: { readonly estimator: BanditEstimatorId; readonly interval: string } | null;
  readonly distrusted: readonly BanditEstimatorId[];
}

export interface SelfTestReport {
  readonly response: string;
  readonly replicates: number;
  readonly seed: number;
  readonly level: number;
  readonly misspecification: number;
  /** V(π) of the world that outcomes were drawn from, in the response's unit. */
  readonly truth: number;
  /** How outcomes were drawn. */
  readonly outcomes: 'two values' | 'resampled residuals';
  readonly scores: readonly EstimatorScore[];
  readonly advice: Advice;
  readonly notes: readonly string[];
}

export interface SelfTestRefusal {
  readonly response: string;
  readonly refusal: Trouble;
}

export const isSelfTestRefusal = (result: SelfTestReport | SelfTestRefusal): result is SelfTestRefusal =>
  'refusal' in result;
