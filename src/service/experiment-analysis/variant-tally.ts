import type { VariantData } from '../../core/experiment/analysis.ts';
import {
  mergeStatistics,
  noStatistics,
  unitStatistics,
  type RatioStatistics,
} from '../../core/experiment/ratio-statistics.ts';
import type { UnitOutcome } from './unit-outcomes.ts';

/** Adds units up to the sufficient statistics of each variant. */
export interface VariantTally {
  /** null: a unit that changed sides. */
  add(unit: UnitOutcome | null): void;
  of(variant: string): Omit<VariantData, 'share'>;
  multiplyAssignedUnits(): number;
  incompleteDecisions(): Readonly<Record<string, number>>;
}

export function createVariantTally(metrics: readonly { readonly name: string }[]): VariantTally {
  const statistics = new Map<string, Map<string, RatioStatistics>>();
  const assigned = new Map<string, number>();
  const incomplete = new Map<string, number>();
  let changedSides = 0;
  const count = (counts: Map<string, number>, variant: string, by: number): void => {
    counts.set(variant, (counts.get(variant) ?? 0) + by);
  };

  return {
    add(unit) {
      if (unit === null) {
        changedSides++;
        return;
      }
      count(assigned, unit.variant, 1);
      count(incomplete, unit.variant, unit.incompleteDecisions);
      // A unit without a delivered decision has no per-decision mean; one whose window is open waits.
      if (!unit.isClosed || unit.decisions === 0) return;
      const byMetric = statistics.get(unit.variant) ?? new Map<string, RatioStatistics>();
      for (const { name } of metrics) {
        const one = unitStatistics(unit.decisions, unit.totals[name] ?? 0);
        byMetric.set(name, mergeStatistics(byMetric.get(name) ?? noStatistics, one));
      }
      statistics.set(unit.variant, byMetric);
    },
    of: (variant) => ({
      name: variant,
      assignedUnits: assigned.get(variant) ?? 0,
      statistics: statistics.get(variant) ?? new Map<string, RatioStatistics>(),
    }),
    multiplyAssignedUnits: () => changedSides,
    incompleteDecisions: () => Object.fromEntries(incomplete),
  };
}
