import type { ErrorCode } from '../../core/errors.ts';
import type { Fallback } from '../../core/feedback/events.ts';
import type { FeedbackCounts, JoinCounts } from './join-reader.ts';

export type EventKind = 'decision' | 'exposure' | 'interaction';

/** What happened to an event on its way into the store. */
export type IngestOutcome = 'stored' | 'duplicate' | 'forgotten' | 'too-late';

/** `grammar`: no version can read the record; `data`: the store refuses what it says. */
export type DeadLetterReason = 'grammar' | 'data';

/** Two tenants may give their surfaces one name. */
export interface TenantSurface {
  readonly tenant: string;
  readonly surface: string;
}

export interface DecisionServed extends TenantSurface {
  readonly policyVersion: string | null;
  readonly variant: string | null;
  readonly action: string;
  readonly fallback: Fallback | null;
  /** Probability of the action as finally served. */
  readonly propensity: number;
  /** −Σ p log p over the served distribution, in nats. */
  readonly entropy: number;
  readonly durationMs: number;
}

/**
 * Everything the service counts, in domain words. The real one is `observability/metrics.ts`; every method must be
 * cheap enough for the decide path.
 */
export interface Metrics {
  decisionServed(decision: DecisionServed): void;
  /** A declared default stood in for a missing feature. */
  featureDefaulted(at: TenantSurface, feature: string): void;
  requestRefused(code: ErrorCode): void;
  feedbackAccepted(kind: 'exposure' | 'interaction', count: number): void;
  /** f ∈ [0, 1] that multiplies the allocating probability now. */
  pacingFactor(at: TenantSurface, variant: string | null, factor: number): void;
  /** Its counters begin at 0, so that the first event is an increase. Called again without effect. */
  surfaceServed(at: TenantSurface & { readonly nullAction: string | null }): void;

  journalDepth(depth: {
    readonly records: number;
    readonly bytes: number;
    readonly oldestAgeMs: number;
  }): void;
  journalDamage(kind: 'torn-tail' | 'damaged-segment'): void;

  eventsIngested(kind: EventKind, outcome: IngestOutcome, count: number): void;
  deadLettered(reason: DeadLetterReason, count: number): void;
  consumerLag(records: number): void;
  /** Offsets of the event log were stepped past at which no record comes, whatever was tried. */
  logGap(topic: string): void;
  /** From a decision to the arrival of its feedback. */
  joinDelay(kind: 'exposure' | 'interaction', delayMs: number): void;
  ingestBatch(events: number, durationMs: number): void;

  /** Decisions of a minute that no exposure has activated yet. */
  joinPending(at: TenantSurface, decisions: number): void;
  joinFeedback(counts: FeedbackCounts): void;
  joinDecisions(counts: JoinCounts): void;

  controlState(state: { readonly revision: number; readonly ageMs: number }): void;
  controlLoadFailed(): void;
  /** Surfaces that the break-glass file of this process names. */
  breakGlass(surfaces: number): void;
  artifactRefused(at: TenantSurface): void;

  experimentState(experiment: TenantSurface & { readonly id: string }, state: string): void;
  jobFinished(kind: string, outcome: 'succeeded' | 'failed', durationMs: number): void;
  /** For each kind of job, how long ago the oldest run was made that is open; 0 where none is. */
  openRuns(ageMs: Readonly<Record<string, number>>): void;
  /** Without the lead it no longer knows the states of experiments. */
  isLeader(leads: boolean): void;
  /** Days after today whose partitions are ready, and how many days were made now. */
  partitionsMaintained(maintained: { readonly aheadDays: number; readonly made: number }): void;
}

const ignore = (): void => undefined;

/** For tests and tools that measure nothing. */
export const noMetrics: Metrics = {
  decisionServed: ignore,
  featureDefaulted: ignore,
  requestRefused: ignore,
  feedbackAccepted: ignore,
  pacingFactor: ignore,
  surfaceServed: ignore,
  journalDepth: ignore,
  journalDamage: ignore,
  eventsIngested: ignore,
  deadLettered: ignore,
  consumerLag: ignore,
  logGap: ignore,
  joinDelay: ignore,
  ingestBatch: ignore,
  joinPending: ignore,
  joinFeedback: ignore,
  joinDecisions: ignore,
  controlState: ignore,
  controlLoadFailed: ignore,
  breakGlass: ignore,
  artifactRefused: ignore,
  experimentState: ignore,
  jobFinished: ignore,
  openRuns: ignore,
  isLeader: ignore,
  partitionsMaintained: ignore,
};
