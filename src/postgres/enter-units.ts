import type pg from 'pg';
import { mergeCells, mergeCellStatistics, type Cell } from '../core/experiment/cell-statistics.ts';
import type { UnitEntry } from '../service/ports/experiment-units.ts';
import { query } from './transaction.ts';

/** Adds units that have not entered yet to their cells, in one transaction of the caller. */
export async function enterUnits(
  client: pg.ClientBase,
  tenant: string,
  experiment: string,
  entries: readonly UnitEntry[],
): Promise<void> {
  const marked = await query<{ unit_id: string }>(
    client,
    `update experiment_units set entered_at = now()
     where tenant = $1 and experiment = $2 and unit_id = any($3::text[]) and entered_at is null and not is_multiple
     returning unit_id`,
    [tenant, experiment, entries.map((entry) => entry.unitId)],
  );
  const isMarked = new Set(marked.map((row) => row.unit_id));
  const cells = mergeCells(entries.filter(({ unitId }) => isMarked.has(unitId)).map(({ cell }) => cell));
  // Always in one order, so that two writers wait for each other instead of blocking each other.
  for (const cell of [...cells].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)))
    await addToCell(client, tenant, experiment, cell);
}

async function addToCell(
  client: pg.ClientBase,
  tenant: string,
  experiment: string,
  cell: Cell,
): Promise<void> {
  const key = [tenant, experiment, cell.variant, cell.block, cell.day, cell.isHeldOut];
  const { rowCount } = await client.query(
    `insert into experiment_cells (tenant, experiment, variant, block, day, is_held_out, statistics)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint experiment_cells_pkey do nothing`,
    [...key, JSON.stringify(cell.statistics)],
  );
  if (rowCount === 1) return;
  const where =
    'tenant = $1 and experiment = $2 and variant = $3 and block = $4 and day = $5 and is_held_out = $6';
  const [stored] = await query<{ statistics: Cell['statistics'] }>(
    client,
    `select statistics from experiment_cells where ${where} for no key update`,
    key,
  );
  const merged = mergeCellStatistics(stored.statistics, cell.statistics);
  await client.query(`update experiment_cells set statistics = $7 where ${where}`, [
    ...key,
    JSON.stringify(merged),
  ]);
}
