import type { GroupReport } from '../../src/core/ope/by-group.ts';
import type { GateVerdict } from '../../src/core/ope/gate-verdict.ts';
import type {
  Estimate,
  EstimateRefusal,
  OpeReport,
  SessionGateEstimatorId,
} from '../../src/core/ope/report.ts';
import type { GateEstimand, GateSpec } from '../../src/core/surface/surface.ts';
import type { ConstraintEvidence } from './constraint-evidence.ts';
import type { PairAgreement } from './estimator-agreement.ts';
import type { SessionEvaluation } from './session-evaluation.ts';
import type { WeightHistogram } from './weight-histogram.ts';

/** What `allot evaluate` found out about one policy version, bound to what it looked at. */
export interface EvaluationResult {
  readonly surface: string;
  readonly policyVersion: string;
  readonly artifactHash: string;
  readonly snapshotHash: string;
  readonly log: {
    readonly from: string;
    readonly until: string;
    /** Whose log the policy is valued from. */
    readonly behaviorVersions: readonly string[];
  };
  readonly settings: {
    readonly level: number;
    readonly resamples: number;
    readonly seed: number;
    readonly clip: number | null;
    /** The one that the gate decides by. */
    readonly decidingEstimator: GateSpec['estimator'] | SessionGateEstimatorId;
    readonly decidingEstimand: GateEstimand;
  };
  readonly served: { readonly pacingFactor: number; readonly shareOfActions: number | null };
  readonly report: OpeReport;
  /** The log's own means: the value of the policy that produced it. */
  readonly behavior: readonly MeanResponse[];
  /** Rows that the evaluated version itself served, kept out of the estimate: the known answer. */
  readonly truth: readonly MeanResponse[] | null;
  /** Paired differences to the champion on the same rows. */
  readonly differences: {
    readonly against: string;
    readonly estimates: readonly (Estimate | EstimateRefusal)[];
  } | null;
  /** Totals of whole sessions, where the gate decides by them; null: it decides per decision. */
  readonly sessions: SessionEvaluation | null;
  readonly gate: GateVerdict;
  /** What gets worse without a margin or constraint, so that no line of the gate says so; a sentence each. */
  readonly unguarded: readonly string[];
  /** By activity group, then by segment; all of them frozen before the decision. */
  readonly groups: readonly GroupReport[];
  /** Costs and shares under the candidate, with the thresholds that they are held to. */
  readonly constraints: readonly ConstraintEvidence[];
  readonly agreement: readonly PairAgreement[];
  /** null: the log is unusable, so its weights mean nothing. */
  readonly weights: WeightHistogram | null;
}

export interface MeanResponse {
  readonly response: string;
  readonly value: number;
  readonly standardError: number;
  readonly rows: number;
}
