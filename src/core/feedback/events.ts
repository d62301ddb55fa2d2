import type { FeatureValues } from '../surface/surface.ts';

/**
 * The event grammar, version 1: what the journal, Kafka and ingest carry, one JSON object per record.
 * Times are milliseconds since the epoch, UTC. Unknown fields are kept by whoever passes an event on.
 */
export type LogEvent = DecisionEvent | ExposureEvent | InteractionEvent;
export type FeedbackEvent = ExposureEvent | InteractionEvent;

/** One step of the decide path that moved probability, with the null action's mass before and after. */
export interface Adjustment {
  readonly kind: 'eligibility' | 'cap' | 'pacing' | 'exploration-floor' | 'kill-switch';
  /** Cap name, where there is one. */
  readonly name?: string;
  /** Pacing factor f or floor ε. */
  readonly factor?: number;
  readonly nullBefore: number;
  readonly nullAfter: number;
}

/**
 * Why the assigned policy did not answer. `champion`: the assigned version is not loaded, the champion answered;
 * `last-good-champion`: from disk; `safe-action`: nothing usable; `unlogged`: the journal cannot take the record;
 * `killed`: the surface's kill switch is on.
 */
export type Fallback = 'champion' | 'last-good-champion' | 'safe-action' | 'unlogged' | 'killed';

export interface DecisionEvent {
  readonly v: 1;
  readonly kind: 'decision';
  readonly decisionId: string;
  readonly tenant: string;
  readonly surface: string;
  readonly schemaVersion: number;
  readonly requestId: string;
  readonly unitId: string;
  readonly sessionId: string | null;
  readonly decidedAt: number;
  /** As decided on, declared defaults filled in. */
  readonly features: FeatureValues;
  readonly defaultedFeatures: readonly string[];
  readonly group: string | null;
  /** What the caller allowed, before caps; in the surface's action order. */
  readonly eligibleActions: readonly string[];
  readonly action: string;
  /** The probability of `action` as finally served. */
  readonly propensity: number;
  /** As finally served, in the surface's action order; sums to 1. Empty where an imported log does not tell. */
  readonly probabilities: readonly number[];
  /** The keyed draw in [0, 1) that picked `action` by inverse CDF; null for a decision made elsewhere. */
  readonly draw: number | null;
  readonly policyVersion: string | null;
  readonly experiment: string | null;
  readonly variant: string | null;
  /** Ramp block of the unit inside the experiment. */
  readonly block: number | null;
  readonly adjustments: readonly Adjustment[];
  readonly fallback: Fallback | null;
  /** Only one action was feasible by rule, or a fallback decided: propensity 1, evaluation gives it weight 1. */
  readonly isForced: boolean;
}

/** Evidence that a decision was delivered or rendered, for the null action too: it activates the decision. */
export interface ExposureEvent {
  readonly v: 1;
  readonly kind: 'exposure';
  readonly eventId: string;
  readonly tenant: string;
  readonly decisionId: string;
  readonly occurredAt: number;
  readonly receivedAt: number;
}

/** Something a person did after a decision: a type that a response of the surface names, and a value. */
export interface InteractionEvent {
  readonly v: 1;
  readonly kind: 'interaction';
  readonly eventId: string;
  readonly tenant: string;
  readonly decisionId: string;
  readonly type: string;
  readonly value: number;
  readonly occurredAt: number;
  readonly receivedAt: number;
}
