import type { DecisionEvent } from '../../core/feedback/events.ts';
import type { SurfaceMetric } from '../../core/experiment/surface-metrics.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { DecisionRecord } from '../ports/stores.ts';

/** What a variant's decision contributed, once it was delivered, mature and complete. */
export interface JoinedDecision {
  readonly decision: DecisionEvent;
  readonly isDelivered: boolean;
  readonly isComplete: boolean;
  readonly responses: Readonly<Record<string, number>>;
}

/** One unit's part in an experiment, from its first assignment on. */
export interface UnitOutcome {
  readonly unitId: string;
  readonly variant: string;
  readonly block: number | null;
  readonly firstAssignedAt: number;
  /** Its outcome window has closed: it may enter the analysis, once and for ever. */
  readonly isClosed: boolean;
  readonly decisions: number;
  readonly incompleteDecisions: number;
  /** By metric. */
  readonly totals: Readonly<Record<string, number>>;
}

/** Longest response window: a unit's outcome is counted over that long after its first assignment. */
export const outcomeWindowMs = (surface: Surface): number =>
  1000 * Math.max(0, ...surface.responses.map((response) => response.windowSeconds));

export interface UnitOutcomeOptions {
  readonly surface: Surface;
  readonly metrics: readonly SurfaceMetric[];
  readonly asOf: number;
  readonly join: (record: DecisionRecord) => JoinedDecision;
}

/**
 * Reduces the records of one unit in one experiment, in time order, to its outcome. The window is the same for every
 * unit and variant: decisions within W of the first assignment, W the longest response window; it is closed when the
 * last of those decisions is mature, 2 W after the first assignment. null: the unit changed sides and cannot enter.
 */
export function unitOutcome(
  records: readonly DecisionRecord[],
  { surface, metrics, asOf, join }: UnitOutcomeOptions,
): UnitOutcome | null {
  const first = records[0].decision;
  if (records.some((record) => record.decision.variant !== first.variant)) return null;
  const windowMs = outcomeWindowMs(surface);
  const totals: Record<string, number> = Object.fromEntries(metrics.map((metric) => [metric.name, 0]));
  let decisions = 0;
  let incompleteDecisions = 0;
  for (const record of records) {
    if (record.decision.decidedAt >= first.decidedAt + windowMs) continue;
    const joined = join(record);
    if (!joined.isDelivered) continue;
    if (!joined.isComplete) {
      incompleteDecisions++;
      continue;
    }
    decisions++;
    for (const metric of metrics) totals[metric.name] += contribution(surface, metric, joined);
  }
  return {
    unitId: first.unitId,
    variant: first.variant ?? '',
    block: first.block,
    firstAssignedAt: first.decidedAt,
    isClosed: asOf >= first.decidedAt + 2 * windowMs,
    decisions,
    incompleteDecisions,
    totals,
  };
}

function contribution(surface: Surface, metric: SurfaceMetric, joined: JoinedDecision): number {
  if (metric.source !== 'share-of-actions') return joined.responses[metric.source.response] ?? 0;
  const nullIndex = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
  return 1 - (joined.decision.probabilities[nullIndex] ?? 0);
}
