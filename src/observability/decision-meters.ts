import type { Registry } from 'prom-client';
import type { DecisionServed, TenantSurface } from '../service/ports/metrics.ts';
import { type MetricDefinition, metricDefinitions } from './metric-definitions.ts';
import { type Labels, registerSamples, type Sample } from './samples.ts';

interface CounterCell {
  readonly labels: Labels;
  count: number;
}

interface HistogramCell {
  readonly labels: Labels;
  readonly bounds: readonly number[];
  /** One more than bounds: what lies above them all. */
  readonly counts: Float64Array;
  sum: number;
}

/** Entropy as it is lately: a running mean over some `RECENT` decisions that a policy answered. */
interface RecentCell {
  readonly labels: Labels;
  count: number;
  mean: number;
  learnedAt: number;
}

const RECENT = 1000;
/** Fewer say nothing; below this mean nearly every answer was certain before it was drawn. */
const ENOUGH = 200;
const COLLAPSED_NATS = 0.02;
/** A policy that has answered nothing for so long does not answer: how it explored is no news, and no alarm. */
export const SILENT_MS = 15 * 60_000;

interface Cells {
  readonly decisions: CounterCell;
  readonly seconds: HistogramCell;
  readonly propensity: HistogramCell;
  readonly entropy: HistogramCell;
  readonly recent: RecentCell;
}

const none = 'none';

type Key = Pick<DecisionServed, 'tenant' | 'surface' | 'policyVersion' | 'variant' | 'action' | 'fallback'>;

export interface DecisionMeters {
  served(decision: DecisionServed): void;
  /** The counter of unlogged answers begins at 0: the first one must be an increase. */
  startSurface(at: TenantSurface & { readonly nullAction: string | null }): void;
}

/**
 * The metrics of every decision. prom-client hashes the labels of each observation, which on the decide path costs
 * more than the draw; here one look-up finds all cells, and their text is made when somebody asks for it.
 */
export function createDecisionMeters(registry: Registry, clock: () => number): DecisionMeters {
  const byLabels = new Map<string, Cells>();
  const counters = new Map<string, CounterCell>();
  const seconds = histogram(registry, metricDefinitions.decisionSeconds);
  const propensity = histogram(registry, metricDefinitions.propensity);
  const entropy = histogram(registry, metricDefinitions.entropy);
  const recent = recentEntropy(registry, clock);
  registerSamples(registry, metricDefinitions.decisions, (metricName) =>
    [...counters.values()].map(({ labels, count }) => ({ metricName, labels, value: count })),
  );
  const counterOf = (key: string, { tenant, surface, action, ...of }: Key): CounterCell => {
    const [version, variant, fallback] = [of.policyVersion ?? none, of.variant ?? none, of.fallback ?? none];
    const labels = { tenant, surface, version, variant, action, fallback };
    const cell = counters.get(key) ?? { labels, count: 0 };
    counters.set(key, cell);
    return cell;
  };
  const makeCells = (key: string, of: Key): Cells => {
    const decisions = counterOf(key, of);
    const { tenant, surface, version, variant, fallback } = decisions.labels;
    const cells = {
      decisions,
      seconds: seconds({ tenant, surface, version, fallback }),
      propensity: propensity({ tenant, surface, variant }),
      entropy: entropy({ tenant, surface, variant }),
      recent: recent({ tenant, surface, variant }),
    };
    byLabels.set(key, cells);
    return cells;
  };
  return {
    served(decision) {
      const key = keyOf(decision);
      const cells = byLabels.get(key) ?? makeCells(key, decision);
      cells.decisions.count += 1;
      observe(cells.seconds, decision.durationMs / 1000);
      observe(cells.propensity, decision.propensity);
      observe(cells.entropy, decision.entropy);
      if (decision.fallback === null) learn(cells.recent, decision.entropy, clock());
    },
    startSurface({ tenant, surface, nullAction: action }) {
      if (action === null) return;
      const of: Key = { tenant, surface, policyVersion: null, variant: null, action, fallback: 'unlogged' };
      counterOf(keyOf(of), of);
    },
  };
}

const keyOf = ({ tenant, surface, policyVersion, variant, action, fallback }: Key): string =>
  `${tenant}\n${surface}\n${String(policyVersion)}\n${String(variant)}\n${action}\n${String(fallback)}`;

function observe(cell: HistogramCell, value: number): void {
  const { bounds, counts } = cell;
  let at = 0;
  while (at < bounds.length && !(value <= bounds[at])) at += 1;
  counts[at] += 1;
  cell.sum += value;
}

function learn(cell: RecentCell, entropy: number, now: number): void {
  cell.learnedAt = now;
  cell.count += 1;
  cell.mean += (entropy - cell.mean) / Math.min(cell.count, RECENT);
}

/** The mean and the alarm; answers the cell of a tenant, surface and variant. */
function recentEntropy(registry: Registry, clock: () => number): (labels: Labels) => RecentCell {
  const cells = new Map<string, RecentCell>();
  const isSilent = ({ learnedAt }: RecentCell): boolean => learnedAt <= clock() - SILENT_MS;
  registerSamples(registry, metricDefinitions.entropyRecent, (metricName) =>
    [...cells.values()]
      .filter((cell) => !isSilent(cell))
      .map(({ labels, mean }) => ({ metricName, labels, value: mean })),
  );
  registerSamples(registry, metricDefinitions.collapsed, (metricName) =>
    [...cells.values()].map((cell) => {
      const isCollapsed = cell.count >= ENOUGH && cell.mean < COLLAPSED_NATS && !isSilent(cell);
      return { metricName, labels: cell.labels, value: isCollapsed ? 1 : 0 };
    }),
  );
  return (labels) => {
    const key = JSON.stringify(labels);
    const cell = cells.get(key) ?? { labels, count: 0, mean: 0, learnedAt: -Infinity };
    cells.set(key, cell);
    return cell;
  };
}

/** Answers the cell of a set of labels, always the same one. */
function histogram(registry: Registry, definition: MetricDefinition): (labels: Labels) => HistogramCell {
  const cells = new Map<string, HistogramCell>();
  const bounds = definition.buckets ?? [];
  registerSamples(registry, definition, (name) =>
    [...cells.values()].flatMap((cell) => samplesOf(name, cell)),
  );
  return (labels) => {
    const key = JSON.stringify(labels);
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = { labels, bounds, counts: new Float64Array(bounds.length + 1), sum: 0 };
      cells.set(key, cell);
    }
    return cell;
  };
}

/** Cumulative buckets, sum and count. */
function samplesOf(name: string, { labels, bounds, counts, sum }: HistogramCell): Sample[] {
  let count = 0;
  const buckets = Array.from(counts, (inBucket, at): Sample => {
    count += inBucket;
    const le = at < bounds.length ? String(bounds[at]) : '+Inf';
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
