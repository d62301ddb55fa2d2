import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { SILENT_MS } from './decision-meters.ts';
import { type MetricName, metricDefinitions } from './metric-definitions.ts';
import { createRecentGauge } from './recent-gauge.ts';

/** Twice the longest pause between two looks at the experiments. */
const EXPERIMENT_MS = 2 * 60 * 60_000;

/** `createDecisionMeters` has these. */
const ofEveryDecision = new Set([
  'decisions',
  'decisionSeconds',
  'propensity',
  'entropy',
  'entropyRecent',
  'collapsed',
]);

/** Gauges of things that come and go, and for how long one is told that is no longer set. */
const recent = {
  pacing: SILENT_MS,
  joinPending: SILENT_MS,
  experimentState: EXPERIMENT_MS,
} as const satisfies Partial<Record<MetricName, number>>;
type RecentName = keyof typeof recent;

export interface Meters {
  add(name: MetricName, labels: Labels, amount?: number): void;
  set(name: MetricName, labels: Labels, value: number): void;
  setRecent(name: RecentName, values: readonly string[], value: number): void;
  clearRecent(name: RecentName): void;
  observe(name: MetricName, labels: Labels, value: number): void;
}
type Labels = Record<string, string>;

/** All metrics but those of every decision, by their names in the code. */
export function createMeters(registry: Registry, clock: () => number): Meters {
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const recentGauge = (name: RecentName) =>
    createRecentGauge(registry, metricDefinitions[name], { clock, keepMs: recent[name] });
  const recents = {
    pacing: recentGauge('pacing'),
    joinPending: recentGauge('joinPending'),
    experimentState: recentGauge('experimentState'),
  };
  for (const [key, { name, type, help, labels, buckets }] of Object.entries(metricDefinitions)) {
    if (ofEveryDecision.has(key) || key in recents) continue;
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(key, new Counter(common));
    else if (type === 'gauge') gauges.set(key, new Gauge(common));
    else histograms.set(key, new Histogram({ ...common, buckets: [...(buckets ?? [])] }));
  }
  return {
    add: (name, labels, amount = 1) => counters.get(name)?.inc(labels, amount),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    setRecent: (name, values, value) => recents[name].set(values, value),
    clearRecent: (name) => recents[name].clear(),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
  };
}
