import type pg from 'pg';
import type { Cell } from '../core/experiment/cell-statistics.ts';
import type { ExperimentUnits, RecentDecisions, RecentFeedback } from '../service/ports/experiment-units.ts';
import type { DecisionRecord } from '../service/ports/stores.ts';
import { type DecisionRow, withFeedback } from './decision-reader.ts';
import { enterUnits } from './enter-units.ts';
import { mapErrors } from './errors.ts';
import { keepVariances } from './keep-variances.ts';
import { inTransaction, query } from './transaction.ts';

/**
 * Rows carry the time at which their transaction began and become visible when it commits. So reading goes on from the oldest
 * transaction that was still writing, and from this far before: a transaction that has begun and not yet asked for its lock on
 * `decisions` is not seen as a writer, and the server ends one that idles after 60 s.
 */
const OVERLAP = `interval '2 minutes'`;

export function createExperimentUnits(pool: pg.Pool): ExperimentUnits {
  return {
    readArrivals: (tenant, experiment) =>
      inTransaction(pool, async (client) => {
        const from = await lockCursor(client, tenant, experiment);
        const until = await settledUntil(client);
        await client.query(READ_ARRIVALS, [tenant, experiment, from]);
        await client.query(
          'update experiment_cursors set read_until = $3 where tenant = $1 and experiment = $2',
          [tenant, experiment, until],
        );
      }),

    async arrivals(tenant, experiment) {
      const rows = await query<ArrivalRow>(
        pool,
        `select variant, block, day::text, units, multiple_units, last_at from experiment_arrivals
         where tenant = $1 and experiment = $2 order by block, day, variant`,
        [tenant, experiment],
      );
      return rows.map((row) => ({
        variant: row.variant,
        block: row.block < 0 ? null : row.block,
        day: row.day,
        units: Number(row.units),
        multipleUnits: Number(row.multiple_units),
        lastAt: row.last_at.getTime(),
      }));
    },

    async open(tenant, experiment, { assignedUntil, storedUntil, limit }) {
      const rows = await query<OpenRow>(
        pool,
        `select unit_id, variant, block, first_assigned_at from experiment_units
         where tenant = $1 and experiment = $2 and entered_at is null and not is_multiple and block is not null
           and first_assigned_at <= $3 and first_stored_at <= $4
         order by first_assigned_at, unit_id limit $5`,
        [tenant, experiment, new Date(assignedUntil), new Date(storedUntil), limit],
      );
      return rows.map((row) => ({
        unitId: row.unit_id,
        variant: row.variant,
        block: row.block,
        firstAssignedAt: row.first_assigned_at.getTime(),
      }));
    },

    records: (tenant, surface, units) => mapErrors(() => readRecords(pool, tenant, surface, units)),

    enter: (tenant, experiment, entries) =>
      inTransaction(pool, (client) => enterUnits(client, tenant, experiment, entries)),

    async cells(tenant, experiment) {
      const rows = await query<CellRow>(
        pool,
        `select variant, block, day::text, is_held_out, statistics from experiment_cells
         where tenant = $1 and experiment = $2 order by block, day, variant, is_held_out`,
        [tenant, experiment],
      );
      return rows.map(toCell);
    },

    keepVariances: (tenant, experiment, treatment, variances) =>
      inTransaction(pool, (client) => keepVariances(client, { tenant, experiment, treatment }, variances)),

    recentFeedback: (tenant, experiment, recent) => recentFeedback(pool, tenant, experiment, recent),
  };
}

interface ArrivalRow {
  readonly variant: string;
  readonly block: number;
  readonly day: string;
  readonly units: string;
  readonly multiple_units: string;
  readonly last_at: Date;
}

interface OpenRow {
  readonly unit_id: string;
  readonly variant: string;
  readonly block: number;
  readonly first_assigned_at: Date;
}

interface CellRow {
  readonly variant: string;
  readonly block: number;
  readonly day: string;
  readonly is_held_out: boolean;
  readonly statistics: Cell['statistics'];
}

const toCell = (row: CellRow): Cell => ({
  variant: row.variant,
  block: row.block,
  day: row.day,
  isHeldOut: row.is_held_out,
  statistics: row.statistics,
});

/** One reader at a time; where it begins. */
async function lockCursor(client: pg.ClientBase, tenant: string, experiment: string): Promise<Date> {
  await client.query(
    `insert into experiment_cursors (tenant, experiment, read_until) values ($1, $2, '-infinity')
     on conflict on constraint experiment_cursors_pkey do nothing`,
    [tenant, experiment],
  );
  const rows = await query<{ from: Date }>(
    client,
    `select greatest(read_until, '1970-01-02') - ${OVERLAP} as from from experiment_cursors
     where tenant = $1 and experiment = $2 for no key update`,
    [tenant, experiment],
  );
  return rows[0].from;
}

/**
 * Whatever is stored later and was stamped before is a writer's that was there now. Where the writers are another role's, whose
 * transactions this one may not see begin, the overlap is all there is.
 */
async function settledUntil(client: pg.ClientBase): Promise<Date> {
  const [row] = await query<{ until: Date }>(
    client,
    `select least(now(), min(a.xact_start)) as until
     from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
     where l.locktype = 'relation' and l.relation = 'decisions'::regclass and l.mode = 'RowExclusiveLock'
       and a.datname = current_database()`,
  );
  return row.until;
}

/**
 * A unit that is known already changes only when it is met on another side, or when an earlier decision of it arrived
 * late. A row that is multiple is never changed again, so a multiple row that comes back was new or has just become so.
 */
const READ_ARRIVALS = `
  with fresh as (
    select unit_id,
      (array_agg(variant order by decided_at, decision_id))[1] as variant,
      (array_agg(block order by decided_at, decision_id))[1] as block,
      min(decided_at) as first_assigned_at, min(stored_at) as first_stored_at,
      count(distinct variant) > 1 as is_multiple
    from decisions
    where tenant = $1 and experiment = $2 and stored_at > $3 and variant is not null
    group by unit_id
  ), put as (
    insert into experiment_units as u
      (tenant, experiment, unit_id, variant, block, first_assigned_at, first_stored_at, is_multiple)
    select $1, $2, unit_id, variant, block, first_assigned_at, first_stored_at, is_multiple from fresh
    order by unit_id
    on conflict on constraint experiment_units_pkey do update set
      is_multiple = excluded.is_multiple or u.variant <> excluded.variant,
      first_assigned_at = case when u.entered_at is null
        then least(u.first_assigned_at, excluded.first_assigned_at) else u.first_assigned_at end
    where not u.is_multiple and (
      excluded.is_multiple or u.variant <> excluded.variant
      or u.entered_at is null and excluded.first_assigned_at < u.first_assigned_at)
    returning variant, coalesce(block, -1) as block, first_assigned_at, is_multiple, xmax = 0 as is_new
  )
  insert into experiment_arrivals as a
    (tenant, experiment, variant, block, day, units, multiple_units, first_at, last_at)
  select $1, $2, variant, block, (first_assigned_at at time zone 'UTC')::date,
    count(*) filter (where is_new), count(*) filter (where is_multiple),
    min(first_assigned_at), max(first_assigned_at)
  from put group by variant, block, (first_assigned_at at time zone 'UTC')::date
  on conflict on constraint experiment_arrivals_pkey do update set
    units = a.units + excluded.units, multiple_units = a.multiple_units + excluded.multiple_units,
    first_at = least(a.first_at, excluded.first_at), last_at = greatest(a.last_at, excluded.last_at)`;

/**
 * Two statements: as one, with `exists` per decision, a table without statistics yet was searched along its primary key, whole,
 * for each of 200 decisions: 3 s at 15,000 decisions.
 */
async function recentFeedback(
  pool: pg.Pool,
  tenant: string,
  experiment: string,
  { decidedFrom, decidedUntil, atLeast, limit }: RecentDecisions,
): Promise<RecentFeedback> {
  const newest = await query<{ day: string; decision_id: string; decided_at: Date }>(
    pool,
    `select day::text, decision_id, decided_at from decisions
     where tenant = $1 and experiment = $2 and stored_at > $3::timestamptz - interval '1 day' and decided_at <= $3
     order by stored_at desc limit $4`,
    [tenant, experiment, new Date(decidedUntil), limit],
  );
  const recent = newest.filter((row, i) => i < atLeast || row.decided_at.getTime() > decidedFrom);
  const [counted] = await query<Record<'exposed' | 'answered', string>>(pool, COUNT_FEEDBACK, [
    tenant,
    [...new Set(recent.map((row) => row.day))],
    recent.map((row) => row.decision_id),
  ]);
  return {
    decisions: recent.length,
    withExposure: Number(counted.exposed),
    withInteraction: Number(counted.answered),
  };
}

const followed = (table: 'exposures' | 'interactions'): string =>
  `(select count(distinct decision_id) from ${table}
    where decision_id = any($3::text[]) and tenant = $1 and day = any($2::date[]))`;

const COUNT_FEEDBACK = `select ${followed('exposures')} as exposed, ${followed('interactions')} as answered`;

async function readRecords(
  pool: pg.Pool,
  tenant: string,
  surface: string,
  units: readonly { readonly unitId: string; readonly from: number; readonly until: number }[],
): Promise<readonly DecisionRecord[]> {
  if (units.length === 0) return [];
  const { rows } = await pool.query<DecisionRow>(
    `select d.day::text, d.event
     from unnest($3::text[], $4::timestamptz[], $5::timestamptz[]) as u (unit_id, from_at, until_at)
     join decisions d on d.tenant = $1 and d.surface = $2 and d.unit_id = u.unit_id
       and d.decided_at >= u.from_at and d.decided_at < u.until_at
       and d.day between $6::date and $7::date
     order by d.unit_id, d.decided_at, d.decision_id`,
    [
      tenant,
      surface,
      units.map((unit) => unit.unitId),
      units.map((unit) => new Date(unit.from)),
      units.map((unit) => new Date(unit.until)),
      dayAround(Math.min(...units.map((unit) => unit.from)), -1),
      dayAround(Math.max(...units.map((unit) => unit.until)), 1),
    ],
  );
  return await withFeedback(pool, tenant, rows);
}

/** The day inside a decision id may be off by the skew that ids may have. */
const dayAround = (ms: number, days: number): string =>
  new Date(ms + days * 86_400_000).toISOString().slice(0, 10);
