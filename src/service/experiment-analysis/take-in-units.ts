import type { ExperimentUnits, OpenUnit, UnitEntry } from '../ports/experiment-units.ts';
import type { DecisionRecord } from '../ports/stores.ts';
import { outcomeWindowMs, prePeriodMs, unitCell, type UnitContext } from './unit-outcomes.ts';

/** Units of one transaction. `allot start` looks in the process that decides, and decisions wait while a chunk is added up. */
const CHUNK = 200;

/**
 * Brings an experiment's sums up to `asOf`: every unit whose window has closed enters once, with the records of its own window,
 * and nothing that was read before is read again.
 */
export async function takeInUnits(
  units: ExperimentUnits,
  tenant: string,
  context: UnitContext,
): Promise<void> {
  const { experiment, asOf } = context;
  const windowMs = outcomeWindowMs(context.surface);
  const skipped = new Set<string>();
  for (;;) {
    const open = await units.open(tenant, experiment.id, {
      assignedUntil: asOf - 2 * windowMs,
      storedUntil: asOf - windowMs,
      limit: CHUNK + skipped.size,
    });
    const fresh = open.filter(({ unitId }) => !skipped.has(unitId));
    if (fresh.length === 0) return;
    const entries = await entriesOf(units, tenant, fresh, context);
    const isIn = new Set(entries.map(({ unitId }) => unitId));
    for (const { unitId } of fresh) if (!isIn.has(unitId)) skipped.add(unitId);
    await units.enter(tenant, experiment.id, entries);
    if (fresh.length < CHUNK) return;
  }
}

async function entriesOf(
  units: ExperimentUnits,
  tenant: string,
  open: readonly OpenUnit[],
  context: UnitContext,
): Promise<readonly UnitEntry[]> {
  const windowMs = outcomeWindowMs(context.surface);
  const before = prePeriodMs(context.plan.covariate);
  const ranges = open.map(({ unitId, firstAssignedAt }) => ({
    unitId,
    from: firstAssignedAt - before,
    // Twice the window: what closes a session may hang on one of its later decisions.
    until: firstAssignedAt + 2 * windowMs,
  }));
  const byUnit = new Map<string, DecisionRecord[]>();
  for (const record of await units.records(tenant, context.surface.name, ranges)) {
    const { unitId } = record.decision;
    const list = byUnit.get(unitId);
    if (list === undefined) byUnit.set(unitId, [record]);
    else list.push(record);
  }
  return open.flatMap((unit) => {
    const cell = unitCell(unit, byUnit.get(unit.unitId) ?? [], context);
    return cell === null ? [] : [{ unitId: unit.unitId, cell }];
  });
}
