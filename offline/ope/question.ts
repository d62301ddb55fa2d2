import type { DistributionStatistic } from '../../src/core/ope/distribution/distribution-estimates.ts';
import { banditEstimatorIds } from '../../src/core/ope/estimators.ts';
import type { Support } from '../../src/core/ope/intervals/interval-result.ts';
import type { OpeOptions } from '../../src/core/ope/ope-options.ts';
import type { Pooling } from '../../src/core/ope/pooled.ts';
import type { BanditEstimatorId, EstimatorId, SequentialEstimatorId } from '../../src/core/ope/report.ts';
import type { DiceSettings } from '../../src/core/ope/sequential/dice-settings.ts';
import { sequentialEstimators } from '../../src/core/ope/sequential/sequential-estimators.ts';

/** In the order of the help. */
export const intervalMethods = [
  'bootstrap-percentile',
  'bootstrap-bca',
  'bootstrap-poisson',
  'delta-normal',
  'student-t',
  'hoeffding',
  'empirical-bernstein',
  'hcope',
  'clopper-pearson',
  'cressie-read',
  'cs-off-policy',
] as const;
export type IntervalMethod = (typeof intervalMethods)[number];

/** What every estimate has anyway. */
export const usualIntervals: readonly IntervalMethod[] = ['bootstrap-percentile', 'delta-normal'];

/** What is known beforehand; finite-sample intervals are refused without it. */
export interface KnownBounds {
  readonly rewardRange?: Support;
  /** The largest possible weight, 1 / (smallest exploration probability); a clip stands in for it. */
  readonly maxWeight?: number;
  /** Rows that a unit can have at most; the largest number in the log unless told (the bound then holds given the rows). */
  readonly maxRowsPerUnit?: number;
  /** Steps that a session can have at most; finite-sample bounds of a session's return need it. */
  readonly maxSteps?: number;
}

export interface SessionQuestion {
  readonly discount: number;
  readonly isTwoSided: boolean;
  readonly clipsFactors: boolean;
  readonly marginalLookback: number;
  readonly dice?: DiceSettings;
}

export interface SelfTestQuestion {
  readonly replicates: number;
  readonly progress?: (done: number, of: number) => void;
}

export interface PlanQuestion {
  /** Wanted full width of the interval, in the response's unit. */
  readonly width: number;
  readonly floors: readonly number[];
}

/** What is asked of a log. */
export interface OpeQuestion {
  /** null: the usual ones for this log. */
  readonly estimators: readonly EstimatorId[] | null;
  readonly intervals: readonly IntervalMethod[];
  readonly pooling: Pooling;
  /** Level, resamples, seed, limits and the settings of estimators of decisions. */
  readonly options: Omit<OpeOptions, 'estimators' | 'rewardModels' | 'mrdrModels' | 'locate'>;
  readonly session: SessionQuestion;
  /** Declared ranges by response, and what else is known beforehand. */
  readonly rewardRanges: ReadonlyMap<string, Support>;
  readonly bounds: Omit<KnownBounds, 'rewardRange'>;
  readonly statistics: readonly DistributionStatistic[];
  readonly selfTest?: SelfTestQuestion;
  readonly plan?: PlanQuestion;
}

export const sequentialEstimatorIds = Object.keys(sequentialEstimators) as readonly SequentialEstimatorId[];
export const estimatorIds: readonly EstimatorId[] = [...banditEstimatorIds, ...sequentialEstimatorIds];

export const isSequential = (id: EstimatorId): id is SequentialEstimatorId => id in sequentialEstimators;
export const isBandit = (id: EstimatorId): id is BanditEstimatorId => !isSequential(id);
