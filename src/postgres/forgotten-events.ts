import type pg from 'pg';
import { type EventRows, keepInEach, type RowsByKind } from './event-rows.ts';

/** Decisions that come after their unit was forgotten, or again: noted by their ids, for their feedback. */
const NOTE_DECISIONS = `
  with forgotten as (
    select day, e ->> 'decisionId' as decision_id
    from rows from (unnest($1::date[]), jsonb_array_elements($2::jsonb)) as t (day, e)
    where exists (
      select from forgotten_units as f
      where f.tenant = e ->> 'tenant' and f.unit_hash = forgotten_unit_hash(e ->> 'tenant', e ->> 'unitId'))
  ), noted as (
    insert into forgotten_decisions (day, decision_id) select day, decision_id from forgotten on conflict do nothing
  )
  select day::text, decision_id from forgotten`;

/** Feedback that was faster than its decision waits as an orphan: it goes too. */
const dropOrphans = (table: 'exposures' | 'interactions'): string => `
  delete from ${table} as o using unnest($1::date[], $2::text[]) as t (day, decision_id)
  where o.day = t.day and o.decision_id = t.decision_id`;

const FORGOTTEN = `
  select f.decision_id from unnest($1::date[], $2::text[]) as t (day, decision_id)
  join forgotten_decisions as f on f.day = t.day and f.decision_id = t.decision_id`;

/** The rows without those of forgotten units; runs in the transaction that stores them. */
export async function withoutForgotten(client: pg.ClientBase, rows: RowsByKind): Promise<RowsByKind> {
  if (rows.decision.length > 0) {
    const noted = await client.query<{ day: string; decision_id: string }>(NOTE_DECISIONS, [
      rows.decision.days,
      rows.decision.json,
    ]);
    await deleteFeedback(client, noted.rows);
  }
  const forgotten = await forgottenAmong(client, Object.values(rows));
  if (forgotten.size === 0) return rows;
  return keepInEach(rows, ({ decisionIds }, i) => !forgotten.has(decisionIds[i]));
}

export async function deleteFeedback(
  client: pg.ClientBase,
  decisions: readonly { readonly day: string; readonly decision_id: string }[],
): Promise<{ readonly exposures: number; readonly interactions: number }> {
  if (decisions.length === 0) return { exposures: 0, interactions: 0 };
  const ids = [decisions.map(({ day }) => day), decisions.map(({ decision_id: id }) => id)];
  const exposures = await client.query(dropOrphans('exposures'), ids);
  const interactions = await client.query(dropOrphans('interactions'), ids);
  return { exposures: exposures.rowCount ?? 0, interactions: interactions.rowCount ?? 0 };
}

async function forgottenAmong(
  client: pg.ClientBase,
  kinds: readonly EventRows[],
): Promise<ReadonlySet<string>> {
  const days = kinds.flatMap((kind) => kind.days);
  const ids = kinds.flatMap((kind) => kind.decisionIds);
  const { rows } = await client.query<{ decision_id: string }>(FORGOTTEN, [days, ids]);
  return new Set(rows.map((row) => row.decision_id));
}
