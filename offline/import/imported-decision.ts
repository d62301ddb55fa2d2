import type { FeatureValues } from '../../src/core/surface/surface.ts';

/** One row of a log from elsewhere, already checked: what was decided, how likely it was, and what followed. */
export interface ImportedDecision {
  /** Unique within the log: the same row imported twice is stored once. */
  readonly requestId: string;
  readonly unitId: string;
  readonly sessionId: string | null;
  readonly decidedAt: number;
  readonly features: FeatureValues;
  readonly eligibleActions: readonly string[];
  readonly action: string;
  /** In (0, 1]: the probability with which the logging policy took `action`. */
  readonly propensity: number;
  readonly policyVersion: string;
  /** By response name; a missing one keeps its default. */
  readonly responses: Readonly<Record<string, number>>;
}
