import type { GateVerdict } from '../../src/core/ope/gate-verdict.ts';
import type { Estimate, EstimateRefusal, OpeReport } from '../../src/core/ope/report.ts';

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
  readonly gate: GateVerdict;
}

export interface MeanResponse {
  readonly response: string;
  readonly value: number;
  readonly standardError: number;
  readonly rows: number;
}
