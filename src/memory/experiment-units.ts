import { mergeCells, type Cell } from '../core/experiment/cell-statistics.ts';
import type { MetricVariances } from '../core/experiment/test-methods.ts';
import type { DecisionEvent } from '../core/feedback/events.ts';
import type { Arrivals, ExperimentUnits } from '../service/ports/experiment-units.ts';
import type { DecisionRecord } from '../service/ports/stores.ts';
import { compareText, copy, keyOf, type MemoryState } from './state.ts';

interface Unit {
  readonly unitId: string;
  readonly variant: string;
  readonly block: number | null;
  readonly firstAssignedAt: number;
  readonly isMultiple: boolean;
}

/** The same answers as the tables give; what PostgreSQL keeps as rows is computed again here. */
export function createExperimentUnits(state: MemoryState): ExperimentUnits {
  const entered = new Map<string, Set<string>>();
  const cellsOf = new Map<string, readonly Cell[]>();
  const variancesOf = new Map<string, Readonly<Record<string, MetricVariances>>>();
  const decisionsOf = (tenant: string, experiment: string): DecisionEvent[] =>
    [...state.decisions.values()]
      .filter((d) => d.tenant === tenant && d.experiment === experiment && d.variant !== null)
      .sort((a, b) => a.decidedAt - b.decidedAt || compareText(a.decisionId, b.decisionId));
  const hasEntered = (tenant: string, experiment: string): Set<string> => {
    const key = keyOf(tenant, experiment);
    const set = entered.get(key) ?? new Set<string>();
    entered.set(key, set);
    return set;
  };
  return {
    readArrivals: async () => undefined,
    arrivals: async (tenant, experiment) => arrivalsOf(unitsOf(decisionsOf(tenant, experiment))),
    async open(tenant, experiment, { assignedUntil, storedUntil, limit }) {
      const out = hasEntered(tenant, experiment);
      const until = Math.min(assignedUntil, storedUntil);
      return unitsOf(decisionsOf(tenant, experiment))
        .flatMap(({ block, isMultiple, ...unit }) =>
          block === null || isMultiple ? [] : [{ ...unit, block }],
        )
        .filter((unit) => !out.has(unit.unitId) && unit.firstAssignedAt <= until)
        .sort((a, b) => a.firstAssignedAt - b.firstAssignedAt || compareText(a.unitId, b.unitId))
        .slice(0, limit);
    },
    async records(tenant, surface, units) {
      const ranges = new Map(units.map((unit) => [unit.unitId, unit]));
      const chosen = [...state.decisions.values()].filter((d) => {
        const range = ranges.get(d.unitId);
        const isOurs = d.tenant === tenant && d.surface === surface;
        return isOurs && range !== undefined && d.decidedAt >= range.from && d.decidedAt < range.until;
      });
      return recordsOf(state, chosen);
    },
    async enter(tenant, experiment, entries) {
      const out = hasEntered(tenant, experiment);
      const fresh = entries.filter(({ unitId }) => !out.has(unitId));
      for (const { unitId } of fresh) out.add(unitId);
      const key = keyOf(tenant, experiment);
      cellsOf.set(key, mergeCells([...(cellsOf.get(key) ?? []), ...copy(fresh.map(({ cell }) => cell))]));
    },
    cells: async (tenant, experiment) => copy(cellsOf.get(keyOf(tenant, experiment)) ?? []),
    async keepVariances(tenant, experiment, treatment, variances) {
      const key = keyOf(tenant, experiment, treatment);
      const kept = { ...copy(variances), ...variancesOf.get(key) };
      variancesOf.set(key, kept);
      return copy(kept);
    },
    async recentFeedback(tenant, experiment, { decidedFrom, decidedUntil, atLeast, limit }) {
      const recent = decisionsOf(tenant, experiment)
        .filter((d) => d.decidedAt <= decidedUntil)
        .slice(-limit)
        .filter((d, i, all) => d.decidedAt > decidedFrom || i >= all.length - atLeast);
      const records = recordsOf(state, recent);
      return {
        decisions: records.length,
        withExposure: records.filter((r) => r.exposures.length > 0).length,
        withInteraction: records.filter((r) => r.interactions.length > 0).length,
      };
    },
  };
}

function unitsOf(decisions: readonly DecisionEvent[]): Unit[] {
  const units = new Map<string, Unit>();
  for (const { unitId, variant, block, decidedAt } of decisions) {
    const known = units.get(unitId);
    if (known === undefined) {
      const side = { variant: variant ?? '', block, isMultiple: false };
      units.set(unitId, { unitId, ...side, firstAssignedAt: decidedAt });
    } else if (known.variant !== variant) units.set(unitId, { ...known, isMultiple: true });
  }
  return [...units.values()];
}

function arrivalsOf(units: readonly Unit[]): Arrivals[] {
  const arrivals = new Map<string, Arrivals>();
  for (const { variant, block, firstAssignedAt, isMultiple } of units) {
    const day = new Date(firstAssignedAt).toISOString().slice(0, 10);
    const key = keyOf(variant, String(block), day);
    const before = arrivals.get(key);
    arrivals.set(key, {
      variant,
      block,
      day,
      units: (before?.units ?? 0) + 1,
      multipleUnits: (before?.multipleUnits ?? 0) + (isMultiple ? 1 : 0),
      lastAt: Math.max(before?.lastAt ?? -Infinity, firstAssignedAt),
    });
  }
  return [...arrivals.values()].sort(
    (a, b) =>
      (a.block ?? -1) - (b.block ?? -1) || compareText(a.day, b.day) || compareText(a.variant, b.variant),
  );
}

function recordsOf(state: MemoryState, decisions: readonly DecisionEvent[]): readonly DecisionRecord[] {
  const records = new Map(
    [...decisions]
      .sort(
        (a, b) =>
          compareText(a.unitId, b.unitId) ||
          a.decidedAt - b.decidedAt ||
          compareText(a.decisionId, b.decisionId),
      )
      .map((decision) => [decision.decisionId, emptyRecord(decision)]),
  );
  for (const event of state.exposures.values()) records.get(event.decisionId)?.exposures.push(event);
  for (const event of state.interactions.values()) records.get(event.decisionId)?.interactions.push(event);
  return copy([...records.values()]);
}

interface GrowingRecord {
  readonly decision: DecisionEvent;
  readonly exposures: DecisionRecord['exposures'][number][];
  readonly interactions: DecisionRecord['interactions'][number][];
}

const emptyRecord = (decision: DecisionEvent): GrowingRecord => ({
  decision,
  exposures: [],
  interactions: [],
});
