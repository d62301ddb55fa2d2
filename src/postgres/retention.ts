import type pg from 'pg';
import { query, inTransaction } from './transaction.ts';

export interface RetentionReport {
  /** Days that were dropped (or would be), oldest first, with the decisions each held. */
  readonly days: readonly { readonly day: string; readonly decisions: number }[];
  readonly deadLetters: number;
  readonly forgottenUnits: number;
}

/**
 * How long what keeps a forgotten unit away is kept at least: longer than a topic, the journal of a host that was away, or a file to
 * import is usually kept. It holds hashes of units and ids of decisions that are gone, so a short retention is no reason
 * to let a unit come back.
 */
const GUARD_DAYS = 400;

const parents = ['decisions', 'exposures', 'interactions'] as const;

/** Days with partitions, oldest first. */
export async function partitionDays(pool: pg.Pool | pg.ClientBase): Promise<readonly string[]> {
  const rows = await query<{ day: string }>(
    pool,
    `select distinct to_date(right(c.relname, 8), 'YYYYMMDD')::text as day
     from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent = any(array['decisions', 'exposures', 'interactions']::regclass[]) order by 1`,
  );
  return rows.map(({ day }) => day);
}

/**
 * Drops whole days before `before` (a date): decisions with their feedback, as both follow the day inside the decision id.
 * Each day is one short transaction, so readers wait for no more than one. Dead letters of that time go too, and the guard list of
 * forgotten units once it is `GUARD_DAYS` old as well. Late events of those days are kept out from then on; an import may
 * bring old days on purpose, until retention is applied again. Audited for every tenant.
 */
export async function applyRetention(
  pool: pg.Pool,
  {
    before,
    isDryRun,
    actor,
  }: { readonly before: string; readonly isDryRun: boolean; readonly actor: string },
): Promise<RetentionReport> {
  const days: { day: string; decisions: number }[] = [];
  // First: what is written from now on stays out, what is being written goes with its day.
  if (!isDryRun) await moveHorizon(pool, before);
  for (const day of (await partitionDays(pool)).filter((d) => d < before)) {
    days.push({ day, decisions: isDryRun ? await countDay(pool, day) : await dropDay(pool, day) });
  }
  return await inTransaction(pool, async (client) => {
    const deadLetters = await remove(client, 'dead_letters where received_at < $1::date', before);
    const guardedSince = `least($1::date, (now() at time zone 'UTC')::date - ${String(GUARD_DAYS)})`;
    const forgottenUnits = await remove(
      client,
      `forgotten_units where forgotten_at < ${guardedSince}`,
      before,
    );
    await remove(client, `forgotten_decisions where day < ${guardedSince}`, before);
    const report = { days, deadLetters, forgottenUnits };
    await client.query(
      `insert into audit_log (tenant, actor, action, subject, details)
       select distinct tenant, $1, 'retention.apply', $2, $3::jsonb from surfaces`,
      [actor, before, JSON.stringify({ days: days.length, deadLetters })],
    );
    if (isDryRun) await client.query('rollback; begin');
    return report;
  });
}

async function moveHorizon(pool: pg.Pool, before: string): Promise<void> {
  await query(
    pool,
    `insert into retention_horizon (before) values ($1)
     on conflict (is_only) do update set before = greatest(retention_horizon.before, excluded.before)`,
    [before],
  );
}

async function remove(client: pg.ClientBase, what: string, before: string): Promise<number> {
  const { rowCount } = await client.query(`delete from ${what}`, [before]);
  return rowCount ?? 0;
}

async function countDay(client: pg.Pool | pg.ClientBase, day: string): Promise<number> {
  const rows = await query<{ n: string }>(client, 'select count(*) as n from decisions where day = $1', [
    day,
  ]);
  return Number(rows[0].n);
}

/** In the order in which ingest locks, so the two never wait for each other in a circle. */
function dropDay(pool: pg.Pool, day: string): Promise<number> {
  return inTransaction(pool, async (client) => {
    await client.query(
      'lock table only decisions, only exposures, only interactions in access exclusive mode',
    );
    const decisions = await countDay(client, day);
    const suffix = day.replaceAll('-', '');
    for (const parent of parents) await client.query(`drop table if exists ${parent}_${suffix}`);
    return decisions;
  });
}

/** Makes the partitions of today and the days after it; how many days are ready then, and how many were made. */
export async function makePartitionsAhead(
  pool: pg.Pool,
  today: string,
  days: number,
): Promise<{ readonly aheadDays: number; readonly made: number }> {
  const wanted = Array.from({ length: days + 1 }, (_, i) =>
    new Date(Date.parse(today) + i * 86_400_000).toISOString().slice(0, 10),
  );
  const before = new Set(await partitionDays(pool));
  const missing = wanted.filter((day) => !before.has(day));
  if (missing.length > 0) await query(pool, 'select ensure_event_partitions($1::date[])', [wanted]);
  const after = new Set(await partitionDays(pool));
  const gap = wanted.findIndex((day) => !after.has(day));
  return { aheadDays: gap === -1 ? days : gap - 1, made: missing.length };
}
