import type { DistributionEstimate } from '../../src/core/ope/distribution/distribution-estimates.ts';
import type { IntervalRefusal } from '../../src/core/ope/intervals/interval-result.ts';
import type { PlanRefusal, PlanReport } from '../../src/core/ope/plan.ts';
import type { Pooling } from '../../src/core/ope/pooled.ts';
import type { Estimate, EstimateRefusal, HealthRecord, OpeReport } from '../../src/core/ope/report.ts';
import type { SelfTestRefusal, SelfTestReport } from '../../src/core/ope/self-test/self-test-types.ts';
import type { MeanResponse } from '../evaluation/evaluation-result.ts';

/** An estimate with the intervals that were asked for; those that may not be given say why. */
export interface EstimateAnswer extends Estimate {
  readonly intervalRefusals?: readonly IntervalRefusal[];
}
export type Answer = EstimateAnswer | EstimateRefusal;

export interface LogCounts {
  readonly rounds: number;
  readonly units: number;
  readonly sessions?: number;
  readonly longestSession?: number;
}

/** Estimates of one population: the whole log or a group of it. */
export interface PopulationAnswer extends OpeReport {
  readonly log: LogCounts;
  /** With estimators of sessions `health` is of whole sessions, and this of single decisions. */
  readonly stepHealth?: HealthRecord;
  readonly estimates: readonly Answer[];
}

export interface GroupAnswer extends PopulationAnswer {
  readonly grouping: string;
  readonly kind: 'group' | 'segment';
  readonly label: string;
}

export interface DistributionAnswer {
  readonly response: string;
  readonly statistics: readonly DistributionEstimate[];
}

/** Everything `allot ope` found out; what `--json` prints and the HTML report draws. */
export interface OpeResult extends PopulationAnswer {
  /** The log's own means, the value of the policy that produced it, per decision; missing where everything is refused. */
  readonly behavior?: readonly MeanResponse[];
  /** Paired differences V(π) − V(opponent), on the same rows and resamples. */
  readonly differences?: { readonly against: string; readonly estimates: readonly Answer[] };
  readonly groups?: readonly GroupAnswer[];
  /** The response's distribution under π, self-normalised. */
  readonly distribution?: readonly DistributionAnswer[];
  /** Which estimator to trust on logs of this shape, by response. */
  readonly selfTest?: readonly (SelfTestReport | SelfTestRefusal)[];
  /** How much more exploration a wanted width takes, by response. */
  readonly plan?: readonly (PlanReport | PlanRefusal)[];
  readonly source: OpeSource;
  readonly settings: OpeSettings;
}

/** Where the rows and the policies come from. */
export interface OpeSource {
  readonly kind: 'file' | 'snapshot';
  readonly name: string;
  /** Of the file's bytes, or the snapshot's content hash. */
  readonly sha256: string;
  /** False: every row is its own unit. */
  readonly hasUnits: boolean;
  readonly policy: string;
  readonly artifactSha256?: string;
  readonly behaviorVersions?: readonly string[];
}

export interface OpeSettings {
  readonly level: number;
  readonly resamples: number;
  readonly seed: number;
  readonly changedLimits: Readonly<Record<string, number>>;
  /** Only what was asked for by a flag stands here; what an estimator used is echoed on its estimate. */
  readonly clip?: number | 'auto';
  readonly switchThreshold?: number | 'auto';
  readonly drosLambda?: number | 'auto';
  readonly subGaussianLambda?: number | 'auto';
  readonly tuning?: string;
  readonly pooling?: Pooling;
  readonly discount?: number;
  readonly rewardRanges?: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
  readonly maxWeight?: number;
  readonly maxRowsPerUnit?: number;
  readonly maxSteps?: number;
}
