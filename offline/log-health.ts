import { quantile } from '../src/core/math/quantile.ts';
import { joinResponses, longestWindowSeconds } from '../src/core/feedback/join.ts';
import type { Surface } from '../src/core/surface/surface.ts';
import type { DecisionReader, DecisionRecord } from '../src/service/ports/stores.ts';
import { HealthCounter } from './dataset/log-health.ts';
import type { LogHealth } from './dataset/manifest.ts';
import { byUnit } from './dataset/snapshot.ts';
import { rowsOfUnit } from './dataset/unit-rows.ts';
import { SupportCounter, type ActionSupport, type InversePropensity } from './log-support.ts';

export interface LogHealthReport extends LogHealth {
  readonly surface: string;
  readonly from: number;
  readonly until: number;
  readonly asOf: number;
  /** Delivered and mature: what a snapshot would keep. */
  readonly kept: number;
  /** Of the undelivered ones: those whose label window is open, so that an exposure may still activate them. */
  readonly pendingActivations: number;
  /** Of the undelivered ones: those beside another answer to the same request. */
  readonly undeliveredTwins: number;
  /** Interactions of kept rows inside their window that arrived when it had closed: a snapshot at maturity misses them. */
  readonly lateArrivals: number;
  /** Kept rows that lead to the unit's next one, in the order of real exposures. */
  readonly transitions: number;
  readonly sessionEnds: number;
  /** By response: kept rows whose outcome is the declared default, as the window closed without an event. */
  readonly defaultOutcomes: Readonly<Record<string, number>>;
  /** Feedback of the tenant, of all time, whose decision is not stored. */
  readonly orphans: number;
  /** Orphans over all feedback: decisions that were lost, or are late. */
  readonly lossShare: number | null;
  readonly largestSumDeviation: number | null;
  readonly inversePropensity: InversePropensity | null;
  readonly support: readonly ActionSupport[];
  readonly delayQuantilesSeconds: Readonly<Record<'p50' | 'p90' | 'p95' | 'p99', number>> | null;
  /** What a person should look at; empty: the log is fit to learn and judge from. */
  readonly findings: readonly string[];
}

/** Delays beyond this many are not kept. */
const DELAY_SAMPLE = 200_000;

/** Joins a range of the log as a snapshot would and counts what it met, without writing anything. */
export async function readLogHealth(request: {
  readonly reader: DecisionReader;
  readonly tenant: string;
  readonly surface: Surface;
  readonly from: number;
  readonly until: number;
  readonly asOf: number;
}): Promise<LogHealthReport> {
  const { surface, from, until, asOf } = request;
  const health = new HealthCounter();
  const support = new SupportCounter(surface.actions);
  const rules = { surface, asOf, sessionGapMs: 30 * 60_000, behaviorVersions: null };
  const counts = { kept: 0, transitions: 0, sessionEnds: 0, lateArrivals: 0 };
  const defaultOutcomes = Object.fromEntries(surface.responses.map(({ name }) => [name, 0]));
  const delays: number[] = [];
  for await (const records of byUnit(request)) {
    const byId = new Map(records.map((record) => [record.decision.decisionId, record]));
    for (const row of rowsOfUnit(records, rules, health)) {
      counts.kept += 1;
      if (row.hasNext) counts.transitions += 1;
      if (row.done) counts.sessionEnds += 1;
      support.observe(row);
      const record = byId.get(row.decisionId) ?? records[0];
      if (row.isComplete) countDefaults(surface, record, defaultOutcomes);
      counts.lateArrivals += lateArrivals(surface, record);
      noteDelays(record, delays);
    }
  }
  const report = {
    ...health.summary(),
    ...{ surface: surface.name, from, until, asOf },
    ...counts,
    ...{ pendingActivations: health.pending, undeliveredTwins: health.undeliveredTwins },
    defaultOutcomes,
    ...(await lossOf(request)),
    ...support.summary(),
    delayQuantilesSeconds: quantilesOf(delays),
  };
  return { ...report, findings: findingsOf(report) };
}

async function lossOf({
  reader,
  tenant,
  surface,
}: {
  readonly reader: DecisionReader;
  readonly tenant: string;
  readonly surface: Surface;
}): Promise<Pick<LogHealthReport, 'orphans' | 'lossShare'>> {
  const { exposures, interactions, orphans } = await reader.counts(tenant, surface.name);
  const feedback = exposures + interactions + orphans;
  return { orphans, lossShare: feedback === 0 ? null : orphans / feedback };
}

/** Before maturity no default stands in, so what is absent there had no event. */
function countDefaults(surface: Surface, record: DecisionRecord, counts: Record<string, number>): void {
  const { responses } = joinResponses(surface, record, -Infinity, false);
  for (const { name } of surface.responses) if (responses[name] === undefined) counts[name] += 1;
}

function lateArrivals(surface: Surface, { decision, interactions }: DecisionRecord): number {
  const closedAt = decision.decidedAt + 1000 * longestWindowSeconds(surface);
  return interactions.filter(({ occurredAt, receivedAt }) => occurredAt <= closedAt && receivedAt > closedAt)
    .length;
}

function noteDelays({ decision, interactions }: DecisionRecord, delays: number[]): void {
  for (const { receivedAt } of interactions)
    if (delays.length < DELAY_SAMPLE) delays.push((receivedAt - decision.decidedAt) / 1000);
}

function quantilesOf(delays: readonly number[]): LogHealthReport['delayQuantilesSeconds'] {
  if (delays.length === 0) return null;
  const sorted = Float64Array.from(delays).sort();
  const at = (p: number): number => quantile(sorted, p);
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

/** Above this share of feedback without a decision something is lost and not only late. */
const LOSS_LIMIT = 0.01;

function findingsOf(report: Omit<LogHealthReport, 'findings'>): string[] {
  const { inversePropensity: inverse, support, decisions, kept, twins } = report;
  const unsupported = support
    .filter(({ supportedShare }) => supportedShare === 0)
    .map(({ action }) => action);
  const found: readonly (readonly [boolean, string])[] = [
    [decisions > 0 && kept === 0, 'no decision is delivered and mature: are exposures sent?'],
    [
      report.brokenProbabilities > 0,
      `${report.brokenProbabilities} rows whose probabilities do not sum to 1`,
    ],
    [
      inverse !== null && !inverse.isConsistent,
      'the mean of 1/p does not match the number of supported actions: the logged propensities are not those of the draw',
    ],
    [
      kept > 0 && unsupported.length > 0,
      `never supported: ${unsupported.join(', ')}; nothing can be said of them`,
    ],
    [(report.lossShare ?? 0) > LOSS_LIMIT, `${report.orphans} events whose decision is not stored`],
    [
      twins > decisions * 0.01,
      `${twins} twins: one request was delivered twice; is requestId reused across replicas?`,
    ],
    [
      report.lateEvents > 0.05 * Math.max(1, kept),
      `${report.lateEvents} events after their window: is windowSeconds too short?`,
    ],
  ];
  return found.filter(([holds]) => holds).map(([, text]) => text);
}
