import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Metrics } from '../service/ports/metrics.ts';
import { createDecisionMeters } from './decision-meters.ts';
import { type MetricName, metricDefinitions } from './metric-definitions.ts';

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
export function createMetrics({ withProcess = false } = {}): MetricsWithText {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry, prefix: 'allot_' });
  const meters = createMeters(registry);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    decisionServed: createDecisionMeters(registry),
    ...serving(meters),
    ...delivery(meters),
    ...join(meters),
    ...control(meters),
  };
}

/** `createDecisionMeters` has these. */
const ofEveryDecision = new Set([
  'decisions',
  'decisionSeconds',
  'propensity',
  'entropy',
  'entropyRecent',
  'collapsed',
]);

interface Meters {
  add(name: MetricName, labels: Labels, amount?: number): void;
  set(name: MetricName, labels: Labels, value: number): void;
  observe(name: MetricName, labels: Labels, value: number): void;
}
type Labels = Record<string, string>;

function createMeters(registry: Registry): Meters {
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [key, { name, type, help, labels, buckets }] of Object.entries(metricDefinitions)) {
    if (ofEveryDecision.has(key)) continue;
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(key, new Counter(common));
    else if (type === 'gauge') gauges.set(key, new Gauge(common));
    else histograms.set(key, new Histogram({ ...common, buckets: [...(buckets ?? [])] }));
  }
  return {
    add: (name, labels, amount = 1) => counters.get(name)?.inc(labels, amount),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
  };
}

type ServingMetrics = Pick<
  Metrics,
  'featureDefaulted' | 'requestRefused' | 'feedbackAccepted' | 'pacingFactor'
>;

function serving({ add, set }: Meters): ServingMetrics {
  return {
    featureDefaulted: (surface, feature) => add('defaulted', { surface, feature }),
    requestRefused: (code) => add('refused', { code }),
    feedbackAccepted: (kind, count) => add('feedback', { kind }, count),
    pacingFactor: (surface, variant, factor) => set('pacing', { surface, variant: variant ?? none }, factor),
  };
}

type DeliveryMetrics = Pick<
  Metrics,
  | 'journalDepth'
  | 'journalDamage'
  | 'eventsIngested'
  | 'deadLettered'
  | 'consumerLag'
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
    joinDelay: (kind, delayMs) => observe('joinDelay', { kind }, delayMs / 1000),
    ingestBatch(events, durationMs): void {
      observe('ingestBatchEvents', {}, events);
      observe('ingestBatchSeconds', {}, durationMs / 1000);
    },
  };
}

type JoinMetrics = Pick<Metrics, 'joinPending' | 'joinFeedback' | 'joinDecisions'>;

function join({ add, set }: Meters): JoinMetrics {
  return {
    joinPending: (surface, decisions) => set('joinPending', { surface }, decisions),
    joinFeedback({ kind, joined, orphans }): void {
      add('joinFeedback', { kind, outcome: 'joined' }, joined);
      add('joinFeedback', { kind, outcome: 'orphan' }, orphans);
    },
    joinDecisions({ surface, ...counts }): void {
      const { delivered, undelivered, twins, undeliveredTwins } = counts;
      add('joinDecisions', { surface, outcome: 'delivered' }, delivered);
      add('joinDecisions', { surface, outcome: 'undelivered' }, undelivered);
      add('joinDecisions', { surface, outcome: 'twin' }, twins);
      add('joinDecisions', { surface, outcome: 'undelivered-twin' }, undeliveredTwins);
      add('joinTransitions', { surface }, counts.transitions);
      add('joinLate', { surface }, counts.lateEvents);
      for (const [response, n] of Object.entries(counts.defaultOutcomes))
        add('joinDefaults', { surface, response }, n);
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
  | 'isLeader'
  | 'partitionsMaintained'
>;

function control({ add, set, observe }: Meters): ControlMetrics {
  return {
    controlState({ revision, ageMs }): void {
      set('controlRevision', {}, revision);
      set('controlAge', {}, ageMs / 1000);
    },
    controlLoadFailed: () => add('controlFailures', {}),
    breakGlass: (surfaces) => set('breakGlass', {}, surfaces),
    artifactRefused: (surface) => add('artifactFailures', { surface }),
    experimentState(experiment, surface, state): void {
      for (const known of experimentStates) {
        set('experimentState', { experiment, surface, state: known }, known === state ? 1 : 0);
      }
    },
    jobFinished: (kind, outcome, durationMs) => observe('jobSeconds', { kind, outcome }, durationMs / 1000),
    isLeader: (leads) => set('leader', {}, leads ? 1 : 0),
    partitionsMaintained({ aheadDays, made }): void {
      set('partitionsAhead', {}, aheadDays);
      add('partitionsMade', {}, made);
    },
  };
}
