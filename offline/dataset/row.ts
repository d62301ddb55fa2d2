import type { FeatureValues } from '../../src/core/surface/surface.ts';

/** One kept decision: a row of the Parquet parts, in the order of its columns. */
export interface SnapshotRow {
  readonly decisionId: string;
  readonly requestId: string;
  readonly unitId: string;
  readonly sessionId: string | null;
  readonly decidedAt: number;
  readonly features: FeatureValues;
  readonly defaulted: readonly string[];
  readonly group: number;
  /** K flags in action order. */
  readonly eligible: readonly boolean[];
  readonly action: number;
  readonly propensity: number;
  /** K numbers, or none where an imported log does not tell. */
  readonly probabilities: readonly number[];
  readonly policyVersion: string | null;
  readonly experiment: string | null;
  readonly variant: string | null;
  readonly isForced: boolean;
  readonly isComplete: boolean;
  /** By response in surface order; null: not known. */
  readonly responses: readonly (number | null)[];
  /** The unit's next row inside the session is the next row of the snapshot. */
  readonly hasNext: boolean;
  readonly done: boolean;
  readonly truncated: boolean;
}

/** What the content hash covers: every field, features in surface order. Infinity and NaN cannot occur. */
export function logicalBytes(row: SnapshotRow, featureNames: readonly string[]): string {
  return `${JSON.stringify([
    row.decisionId,
    row.requestId,
    row.unitId,
    row.sessionId,
    row.decidedAt,
    featureNames.map((name) => row.features[name] ?? null),
    row.defaulted,
    row.group,
    row.eligible,
    row.action,
    row.propensity,
    row.probabilities,
    row.policyVersion,
    row.experiment,
    row.variant,
    row.isForced,
    row.isComplete,
    row.responses,
    row.hasNext,
    row.done,
    row.truncated,
  ])}\n`;
}
