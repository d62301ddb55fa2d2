import type { Surface } from '../../../src/core/surface/surface.ts';
import { groupIndex } from '../../../src/core/surface/groups.ts';
import { simulateLog, type SimulatedDecision } from '../../../src/simulation/log.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { DatasetBuilder } from '../../dataset/dataset-builder.ts';
import { sealManifest, type LogHealth, type SnapshotManifest } from '../../dataset/manifest.ts';
import type { SnapshotRow } from '../../dataset/row.ts';
import { SnapshotTotals } from '../../dataset/totals.ts';

/** The version that the log names as its behaviour policy. */
export const behaviorVersion = (surface: Surface): string => `${surface.name}@1`;

/**
 * The log of a feed world's behaviour policy as a snapshot would give it back, without events, store and Parquet between: the
 * same rows, links and content hash.
 *
 * @param surface `sessionFeedSurface(config)`
 * @param log rows by unit and time, as `simulateLog` gives them
 */
export function datasetOf(surface: Surface, log: readonly SimulatedDecision[]): Dataset {
  const rows = log.map((decision) => rowOf(surface, decision));
  const totals = new SnapshotTotals(surface);
  for (const row of rows) totals.add(row);
  const builder = new DatasetBuilder(manifestOf(surface, rows, totals));
  rows.forEach((row, index) => builder.add({ ...row, row: index }));
  return builder.build();
}

export const simulatedDataset = (
  config: FeedWorldConfig,
  surface: Surface,
  options: { readonly units: number; readonly seed: number },
): Dataset => datasetOf(surface, simulateLog(config, options));

function rowOf(surface: Surface, decision: SimulatedDecision): SnapshotRow {
  const { decisionId, unitId, sessionId, decidedAt, features, defaulted, isComplete, hasNext, done } =
    decision;
  return {
    decisionId,
    requestId: decisionId,
    unitId,
    sessionId,
    decidedAt,
    features,
    defaulted: [...defaulted].sort(),
    group: groupIndex(surface.groups, features, defaulted),
    eligible: decision.eligible,
    action: decision.action,
    propensity: decision.propensity,
    probabilities: decision.probabilities,
    policyVersion: behaviorVersion(surface),
    experiment: null,
    variant: null,
    isForced: decision.eligible.filter(Boolean).length <= 1,
    isComplete,
    responses: surface.responses.map(({ name }) => (isComplete ? (decision.responses[name] ?? null) : null)),
    hasNext,
    done,
    truncated: !hasNext && !done,
  };
}

function manifestOf(
  surface: Surface,
  rows: readonly SnapshotRow[],
  totals: SnapshotTotals,
): SnapshotManifest {
  const summary = totals.summary();
  const until = (summary.timeRange?.last ?? -1) + 1;
  return sealManifest({
    format: 'allot-snapshot',
    formatVersion: 1,
    tenant: 'simulated',
    surface,
    from: 0,
    until,
    asOf: until,
    ...summary,
    logHealth: healthOf(rows),
    parts: [],
  });
}

/** Nothing is lost, late or twice in a simulated log: what can be counted are its propensities. */
function healthOf(rows: readonly SnapshotRow[]): LogHealth {
  const random = rows.filter((row) => !row.isForced);
  const mean = (of: (row: SnapshotRow) => number): number | null =>
    random.length === 0 ? null : random.reduce((sum, row) => sum + of(row), 0) / random.length;
  const isBroken = ({ probabilities, propensity }: SnapshotRow): boolean =>
    Math.abs(probabilities.reduce((a, b) => a + b, 0) - 1) > 1e-9 ||
    !probabilities.some((p) => Math.abs(p - propensity) <= 1e-9);
  return {
    decisions: rows.length,
    undelivered: 0,
    immature: 0,
    incomplete: rows.filter((row) => !row.isComplete).length,
    lateEvents: 0,
    duplicates: 0,
    twins: 0,
    foreign: 0,
    forced: rows.length - random.length,
    brokenProbabilities: rows.filter(isBroken).length,
    undisclosedProbabilities: 0,
    meanInversePropensity: mean(({ propensity }) => 1 / propensity),
    meanSupportedActions: mean(({ probabilities }) => probabilities.filter((p) => p > 0).length),
    rewardDelaySeconds: null,
  };
}
