import { isHeldOut } from '../../core/experiment/assign.ts';
import type { Cell } from '../../core/experiment/cell-statistics.ts';
import type { Experiment } from '../../core/experiment/experiment.ts';
import type { Covariate, ExperimentPlan, PlannedMetric } from '../../core/experiment/plan.ts';
import { momentsOfUnit } from '../../core/experiment/statistics/moments.ts';
import { joinResponses, longestWindowSeconds } from '../../core/feedback/join.ts';
import { SESSION_CLOSED, type Surface } from '../../core/surface/surface.ts';
import type { OpenUnit } from '../ports/experiment-units.ts';
import type { DecisionRecord } from '../ports/stores.ts';

/** Longest response window: a unit's outcome is counted over that long after its first assignment. */
export const outcomeWindowMs = (surface: Surface): number => 1000 * longestWindowSeconds(surface);

/** How long before first assignment a unit's records are needed. */
export const prePeriodMs = (covariate: Covariate | null): number =>
  covariate?.kind === 'response' ? covariate.days * 86_400_000 : 0;

export interface UnitContext {
  readonly surface: Surface;
  readonly experiment: Experiment;
  readonly plan: ExperimentPlan;
  readonly asOf: number;
}

interface Joined {
  readonly record: DecisionRecord;
  readonly isDelivered: boolean;
  readonly isComplete: boolean;
  readonly responses: Readonly<Record<string, number>>;
}

/**
 * What one unit adds to its cell, from its records in time order. The window is the same for every unit and variant:
 * decisions within W of the first assignment, W the longest response window; it is closed when the last of them is mature,
 * 2 W after first assignment. null: its records show another side, so it must not enter.
 */
export function unitCell(
  unit: OpenUnit,
  records: readonly DecisionRecord[],
  context: UnitContext,
): Cell | null {
  const { experiment, plan, surface } = context;
  const own = records.filter(({ decision }) => decision.experiment === experiment.id);
  if (own.some(({ decision }) => decision.variant !== unit.variant)) return null;
  const until = unit.firstAssignedAt + outcomeWindowMs(surface);
  const inWindow = own.filter(({ decision }) => decision.decidedAt < until);
  const join = joinerOf(context, records);
  const joined = inWindow.map(join);
  const complete = joined.filter((row) => row.isDelivered && row.isComplete);
  const [first] = joined as (Joined | undefined)[];
  const covariate = covariateOf(plan.covariate, unit, inWindow, records.map(join));
  return {
    variant: unit.variant,
    block: unit.block,
    day: new Date(unit.firstAssignedAt).toISOString().slice(0, 10),
    isHeldOut: isHeldOut(experiment.salt, plan.confirmationShare, unit.unitId),
    statistics: {
      units: 1,
      undeliveredUnits: first?.isDelivered === true ? 0 : 1,
      incompleteUnits: first?.isDelivered === true && !first.isComplete ? 1 : 0,
      decisions: joined.length,
      deliveredDecisions: joined.filter((row) => row.isDelivered).length,
      incompleteDecisions: joined.filter((row) => row.isDelivered && !row.isComplete).length,
      answeredDecisions: joined.filter((row) => row.record.interactions.length > 0).length,
      metrics: complete.length === 0 ? {} : metricsOf(plan.metrics, surface, complete, covariate),
    },
  };
}

function metricsOf(
  metrics: readonly PlannedMetric[],
  surface: Surface,
  complete: readonly Joined[],
  covariate: readonly number[],
) {
  return Object.fromEntries(
    metrics.map((metric) => {
      const total = complete.reduce((sum, row) => sum + contribution(surface, metric, row), 0);
      const cut = metric.winsorAt === null ? total : Math.min(total, metric.winsorAt);
      return [metric.name, momentsOfUnit([cut, complete.length, ...covariate])];
    }),
  );
}

function contribution(surface: Surface, metric: PlannedMetric, { record, responses }: Joined): number {
  if (metric.source !== 'share-of-actions') return responses[metric.source.response] ?? 0;
  const nullIndex = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
  return 1 - (record.decision.probabilities[nullIndex] ?? 0);
}

/** [x, is missing]: frozen before assignment, so its mean is the same in every variant. */
function covariateOf(
  covariate: Covariate | null,
  unit: OpenUnit,
  inWindow: readonly DecisionRecord[],
  all: readonly Joined[],
): readonly number[] {
  if (covariate === null) return [];
  if (covariate.kind === 'feature') {
    const decision = inWindow.at(0)?.decision;
    const value = decision?.features[covariate.feature];
    const isGiven = decision?.defaultedFeatures.includes(covariate.feature) === false;
    const x = typeof value === 'boolean' ? Number(value) : value;
    return isGiven && typeof x === 'number' ? [x, 0] : [0, 1];
  }
  const before = all.filter(
    ({ record, isDelivered, isComplete }) =>
      record.decision.decidedAt < unit.firstAssignedAt && isDelivered && isComplete,
  );
  if (before.length === 0) return [0, 1];
  const total = before.reduce((sum, { responses }) => sum + (responses[covariate.response] ?? 0), 0);
  return [total / before.length, 0];
}

function joinerOf({ surface, asOf }: UnitContext, records: readonly DecisionRecord[]) {
  const closedSessions = new Set(
    records
      .filter((record) => record.interactions.some((interaction) => interaction.type === SESSION_CLOSED))
      .map((record) => record.decision.sessionId),
  );
  return (record: DecisionRecord): Joined => {
    const { sessionId } = record.decision;
    const isSessionClosed = sessionId !== null && closedSessions.has(sessionId);
    return { ...joinResponses(surface, record, asOf, isSessionClosed), record };
  };
}
