import type { IntervalMethod, PlanQuestion } from '../../../offline/ope/question.ts';
import type { Pooling } from '../../core/ope/pooled.ts';
import type { EstimatorId } from '../../core/ope/report.ts';
import type { diceFamily } from '../../core/ope/sequential/dice-settings.ts';
import type { TuningMethod } from '../../core/ope/tuning/tune.ts';

export type HyperParameterFlag = number | 'auto';

export interface RangeFlag {
  /** null: of every response. */
  readonly reward: string | null;
  readonly min: number;
  readonly max: number;
}

/** The options of `allot ope` that say where things stand in a file or a snapshot. */
export interface ColumnFlags {
  readonly action?: string;
  readonly reward?: readonly string[];
  readonly propensity?: string;
  readonly evaluationProbability?: string;
  readonly evaluationDistribution?: string;
  readonly policy?: string;
  readonly rewardModel?: readonly string[];
  readonly mrdrModel?: readonly string[];
  readonly unit?: string;
  readonly forced?: string;
  readonly behaviorDistribution?: readonly string[];
  readonly behaviorVersion?: readonly string[];
  readonly session?: string;
  readonly step?: string;
  readonly terminal?: string;
  readonly state?: string;
  readonly actionValue?: readonly string[];
  readonly stateValue?: readonly string[];
  readonly marginalRatio?: string;
  readonly pairedWith?: string;
  readonly group?: readonly string[];
  readonly segment?: readonly string[];
}

/** All options of `allot ope`; those of the limits stand beside them (`limit-flags.ts`). */
export interface OpeFlags extends ColumnFlags {
  readonly estimators?: readonly EstimatorId[];
  readonly intervals?: readonly IntervalMethod[];
  readonly clip?: HyperParameterFlag;
  readonly switchThreshold?: HyperParameterFlag;
  readonly drosLambda?: HyperParameterFlag;
  readonly sgLambda?: HyperParameterFlag;
  readonly tuning?: TuningMethod;
  readonly pooling?: Pooling;
  readonly discount?: number;
  readonly twoSidedClip?: true;
  readonly clipFactors?: true;
  readonly lookback?: number;
  readonly dice?: keyof typeof diceFamily;
  readonly rewardRange?: readonly RangeFlag[];
  readonly maxWeight?: number;
  readonly maxRowsPerUnit?: number;
  readonly maxSteps?: number;
  readonly cdf?: readonly number[];
  readonly quantile?: readonly number[];
  readonly cvar?: readonly number[];
  readonly selfTest?: number | true;
  readonly plan?: PlanQuestion;
  readonly html?: string;
  readonly level: number;
  readonly resamples: number;
  readonly seed: number;
  readonly tenant: string;
  readonly json?: true;
}
