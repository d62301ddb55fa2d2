import type { Metric, Registry } from 'prom-client';
import type { DecisionServed } from '../service/ports/metrics.ts';
import { type MetricDefinition, metricDefinitions } from './metric-definitions.ts';

type Labels = Readonly<Record<string, string>>;

/** A value under its labels, as prom-client's registry writes it. */
interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

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
}

const RECENT = 1000;
/** Fewer say nothing; below this mean nearly every answer was certain before it was drawn. */
const ENOUGH = 200;
const COLLAPSED_NATS = 0.02;

interface Cells {
  readonly decisions: CounterCell;
  readonly seconds: HistogramCell;
  readonly propensity: HistogramCell;
  readonly entropy: HistogramCell;
  readonly recent: RecentCell;
}

const none = 'none';

/**
 * The four metrics of every decision. prom-client hashes the labels of each observation, which on the decide path costs
 * more than the draw; here one look-up finds all four cells, and their text is made when somebody asks for it.
 */
export function createDecisionMeters(registry: Registry): (decision: DecisionServed) => void {
  const byLabels = new Map<string, Cells>();
  const decisions = new Map<string, CounterCell>();
  const seconds = histogram(registry, metricDefinitions.decisionSeconds);
  const propensity = histogram(registry, metricDefinitions.propensity);
  const entropy = histogram(registry, metricDefinitions.entropy);
  register(registry, metricDefinitions.decisions, (name) =>
    [...decisions.values()].map(({ labels, count }) => ({ metricName: name, labels, value: count })),
  );
  const recent = recentEntropy(registry);
  const cellsOf = (key: string, { surface, policyVersion, ...decision }: DecisionServed): Cells => {
    const version = policyVersion ?? none;
    const variant = decision.variant ?? none;
    const fallback = decision.fallback ?? none;
    const cells = {
      decisions: { labels: { surface, version, variant, action: decision.action, fallback }, count: 0 },
      seconds: seconds({ surface, version, fallback }),
      propensity: propensity({ surface, variant }),
      entropy: entropy({ surface, variant }),
      recent: recent({ surface, variant }),
    };
    decisions.set(key, cells.decisions);
    byLabels.set(key, cells);
    return cells;
  };
  return (decision) => {
    const { surface, policyVersion, variant, action, fallback } = decision;
    const key = `${surface}\n${String(policyVersion)}\n${String(variant)}\n${action}\n${String(fallback)}`;
    const cells = byLabels.get(key) ?? cellsOf(key, decision);
    cells.decisions.count += 1;
    observe(cells.seconds, decision.durationMs / 1000);
    observe(cells.propensity, decision.propensity);
    observe(cells.entropy, decision.entropy);
    if (fallback === null) learn(cells.recent, decision.entropy);
  };
}

function observe(cell: HistogramCell, value: number): void {
  const { bounds, counts } = cell;
  let at = 0;
  while (at < bounds.length && !(value <= bounds[at])) at += 1;
  counts[at] += 1;
  cell.sum += value;
}

function learn(cell: RecentCell, entropy: number): void {
  cell.count += 1;
  cell.mean += (entropy - cell.mean) / Math.min(cell.count, RECENT);
}

/** The mean and the alarm; answers the cell of a surface and variant. */
function recentEntropy(registry: Registry): (labels: Labels) => RecentCell {
  const cells = new Map<string, RecentCell>();
  const all = (): readonly RecentCell[] => [...cells.values()];
  register(registry, metricDefinitions.entropyRecent, (name) =>
    all().map(({ labels, mean }) => ({ metricName: name, labels, value: mean })),
  );
  register(registry, metricDefinitions.collapsed, (name) =>
    all().map(({ labels, mean, count }) => {
      return { metricName: name, labels, value: count >= ENOUGH && mean < COLLAPSED_NATS ? 1 : 0 };
    }),
  );
  return (labels) => {
    const key = JSON.stringify(labels);
    const cell = cells.get(key) ?? { labels, count: 0, mean: 0 };
    cells.set(key, cell);
    return cell;
  };
}

/** Answers the cell of a set of labels, always the same one. */
function histogram(registry: Registry, definition: MetricDefinition): (labels: Labels) => HistogramCell {
  const cells = new Map<string, HistogramCell>();
  const bounds = definition.buckets ?? [];
  register(registry, definition, (name) => [...cells.values()].flatMap((cell) => samplesOf(name, cell)));
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

/** The registry asks nothing of a metric but its name and `get`. */
function register(
  registry: Registry,
  { name, help, type }: MetricDefinition,
  samples: (name: string) => readonly Sample[],
): void {
  const metric = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: () => Promise.resolve({ name, help, type, aggregator: 'sum', values: samples(name) }),
    reset: () => undefined,
  };
  registry.registerMetric(metric as unknown as Metric);
}
