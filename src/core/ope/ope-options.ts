import { invariant } from '../check.ts';
import type { ExaminationOptions } from './examination.ts';
import { checkHyperParameters } from './hyper-parameters.ts';
import type { BanditEstimatorId } from './report.ts';
import type { TuningMethod } from './tuning/tune.ts';

export interface OpeOptions extends ExaminationOptions {
  /** Unless told: `ips` and `snips`, and `dm` and `dr` where there is a reward model. */
  readonly estimators?: readonly BanditEstimatorId[];
  /** Two-sided level of every interval, in (0, 1). */
  readonly level: number;
  /** Bootstrap resamples of units, ≥ 1; 1,000 is the usual choice. */
  readonly resamples: number;
  readonly seed: number;
  /** q̂ by response name: rounds × K, row-major, cross-fitted by unit. */
  readonly rewardModels?: ReadonlyMap<string, Float64Array>;
  /** q̂ as fitted with the weights of `mrdrFittingWeights`; only `mrdr` uses it. */
  readonly mrdrModels?: ReadonlyMap<string, Float64Array>;
  /** λ ≥ 0 of `switch-dr`, or chosen from the log; 10 unless told. */
  readonly switchThreshold?: number | 'auto';
  /** λ ≥ 0 of `dros`, or chosen from the log; 100 unless told. */
  readonly drosLambda?: number | 'auto';
  /** λ ∈ [0, 1] of `sg-ips` and `sg-dr`, or chosen from the log; 0.1 unless told. */
  readonly subGaussianLambda?: number | 'auto';
  /** How `auto` chooses; `slope` unless told. */
  readonly tuning?: TuningMethod;
}

export function checkOptions(options: OpeOptions): void {
  const { level, resamples } = options;
  invariant(level > 0 && level < 1, 'level in (0, 1)');
  invariant(Number.isInteger(resamples) && resamples >= 1, 'at least one resample');
  checkHyperParameters(fixedSettings(options));
}

/** The settings that are numbers. */
export function fixedSettings({ clip, switchThreshold, drosLambda, subGaussianLambda }: OpeOptions): {
  clip?: number;
  switchThreshold?: number;
  drosLambda?: number;
  subGaussianLambda?: number;
} {
  const given = { clip, switchThreshold, drosLambda, subGaussianLambda };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'number'));
}

/** The estimators that were asked for, or the usual ones. */
export function chosenIds({ estimators, rewardModels }: OpeOptions): readonly BanditEstimatorId[] {
  const hasModels = rewardModels !== undefined && rewardModels.size > 0;
  return estimators ?? (hasModels ? ['ips', 'snips', 'dm', 'dr'] : ['ips', 'snips']);
}
