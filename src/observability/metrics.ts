import { Registry, collectDefaultMetrics } from 'prom-client';
import type { Metrics } from '../service/ports/metrics.ts';
import { createDecisionMeters } from './decision-meters.ts';
import { createMeters, type Meters } from './meters.ts';
import { startAtZero } from './start-at-zero.ts';

/** The metrics of this process and the text that `/metrics` answers with. */
export interface MetricsWithText extends Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

const none = 'none';
const experimentStates = ['draft', 'running', 'paused', 'decided', 'stopped', 'rolled-back'] as const;

/**
 * Each call makes its own registry, so several servers in one process (tests, `allot start`) do not collide.
 * `withProcess` adds the metrics of Node itself (event-loop lag, heap, garbage collection).
 */
export function createMetrics({ withProcess = false, clock = Date.now } = {}): MetricsWithText {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry, prefix: 'allot_' });
  const meters = createMeters(registry, clock);
  const decisions = createDecisionMeters(registry, clock);
  startAtZero(meters);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    decisionServed: (decision) => decisions.served(decision),
    surfaceServed({ tenant, surface, nullAction }): void {
      decisions.startSurface({ tenant, surface, nullAction });
      meters.add('artifactFailures', { tenant, surface }, 0);
    },
    ...serving(meters),
    ...delivery(meters),
    ...join(meters),
    ...control(meters),
  };
}

type ServingMetrics = Pick<
  Metrics,
  'featureDefaulted' | 'requestRefused' | 'feedbackAccepted' | 'pacingFactor'
>;

function serving({ add, setRecent }: Meters): ServingMetrics {
  return {
    featureDefaulted: ({ tenant, surface }, feature) => add('defaulted', { tenant, surface, feature }),
    requestRefused: (code) => add('refused', { code }),
    feedbackAccepted: (kind, count) => add('feedback', { kind }, count),
    pacingFactor: ({ tenant, surface }, variant, factor) =>
      setRecent('pacing', [tenant, surface, variant ?? none], factor),
  };
}

type DeliveryMetrics = Pick<
  Metrics,
  | 'journalDepth'
  | 'journalDamage'
  | 'eventsIngested'
  | 'deadLettered'
  | 'consumerLag'
  | 'logGap'
  | 'joinDelay'
  | 'ingestBatch'
>;

function delivery({ add, set, observe }: Meters): DeliveryMetrics {
  return {
    journalDepth({ records, bytes, oldestAgeMs }): void {
      set('journalRecords', {}, records);
      set('journalBytes', {}, bytes);
      set('journalAge', {}, oldestAgeMs / 1000);
    },
    journalDamage: (kind) => add('journalDamage', { kind }),
    eventsIngested: (kind, outcome, count) => add('ingested', { kind, outcome }, count),
    deadLettered: (reason, count) => add('deadLetters', { reason }, count),
    consumerLag: (records) => set('consumerLag', {}, records),
    logGap: (topic) => add('logGaps', { topic }),
    joinDelay: (kind, delayMs) => observe('joinDelay', { kind }, delayMs / 1000),
    ingestBatch(events, durationMs): void {
      observe('ingestBatchEvents', {}, events);
      observe('ingestBatchSeconds', {}, durationMs / 1000);
    },
  };
}

type JoinMetrics = Pick<Metrics, 'joinPending' | 'joinFeedback' | 'joinDecisions'>;

function join({ add, setRecent }: Meters): JoinMetrics {
  return {
    joinPending: ({ tenant, surface }, decisions) => setRecent('joinPending', [tenant, surface], decisions),
    joinFeedback({ kind, joined, orphans }): void {
      add('joinFeedback', { kind, outcome: 'joined' }, joined);
      add('joinFeedback', { kind, outcome: 'orphan' }, orphans);
    },
    joinDecisions({ tenant, surface, ...counts }): void {
      const { delivered, undelivered, twins, undeliveredTwins } = counts;
      add('joinDecisions', { tenant, surface, outcome: 'delivered' }, delivered);
      add('joinDecisions', { tenant, surface, outcome: 'undelivered' }, undelivered);
      add('joinDecisions', { tenant, surface, outcome: 'twin' }, twins);
      add('joinDecisions', { tenant, surface, outcome: 'undelivered-twin' }, undeliveredTwins);
      add('joinTransitions', { tenant, surface }, counts.transitions);
      add('joinLate', { tenant, surface }, counts.lateEvents);
      for (const [response, n] of Object.entries(counts.defaultOutcomes))
        add('joinDefaults', { tenant, surface, response }, n);
    },
  };
}

type ControlMetrics = Pick<
  Metrics,
  | 'controlState'
  | 'controlLoadFailed'
  | 'breakGlass'
  | 'artifactRefused'
  | 'experimentState'
  | 'jobFinished'
  | 'openRuns'
  | 'isLeader'
  | 'partitionsMaintained'
>;

function control({ add, set, setRecent, clearRecent, observe }: Meters): ControlMetrics {
  return {
    controlState({ revision, ageMs }): void {
      set('controlRevision', {}, revision);
      set('controlAge', {}, ageMs / 1000);
    },
    controlLoadFailed: () => add('controlFailures', {}),
    breakGlass: (surfaces) => set('breakGlass', {}, surfaces),
    artifactRefused: ({ tenant, surface }) => add('artifactFailures', { tenant, surface }),
    experimentState({ id, tenant, surface }, state): void {
      for (const known of experimentStates)
        setRecent('experimentState', [id, tenant, surface, known], known === state ? 1 : 0);
    },
    jobFinished: (kind, outcome, durationMs) => observe('jobSeconds', { kind, outcome }, durationMs / 1000),
    openRuns(ageMs): void {
      for (const [kind, age] of Object.entries(ageMs)) set('openRunAge', { kind }, age / 1000);
    },
    isLeader(leads): void {
      set('leader', {}, leads ? 1 : 0);
      if (!leads) clearRecent('experimentState');
    },
    partitionsMaintained({ aheadDays, made }): void {
      set('partitionsAhead', {}, aheadDays);
      add('partitionsMade', {}, made);
    },
  };
}
