import type pg from 'pg';
import type { Actor } from '../service/ports/stores.ts';
import { deleteFeedback } from './forgotten-events.ts';
import { forgettableLetters } from './forget-dead-letters.ts';
import { audit, bumpRevision, inTransaction } from './transaction.ts';

export interface ForgottenCounts {
  readonly decisions: number;
  readonly exposures: number;
  readonly interactions: number;
  readonly deadLetters: number;
  /** Experiments that had it on a side by hand. */
  readonly forcedIn: number;
}

export interface ForgottenUnit extends ForgottenCounts {
  /** Ids of the unit's decisions: the journal names them in feedback. */
  readonly decisionIds: readonly string[];
  /** How the audit trail and the guard list name the unit. */
  readonly unitHash: string;
}

export interface ForgetOptions {
  readonly tenant: string;
  readonly unitId: string;
  readonly actor: string;
  readonly reason?: string;
  /** Everything happens and is taken back. */
  readonly isDryRun: boolean;
  /** Decisions of the unit that are not stored yet, from a journal: kept away by their ids. */
  readonly decisionIds?: readonly { readonly day: string; readonly decisionId: string }[];
}

/**
 * Writers of events wait meanwhile; they see the guard list when they go on (`forgotten-events.ts`). So do looks, which copy
 * units from decisions: one that began before is waited for, and what it copied goes too. Looks come first, as they hold
 * nothing that a writer of events waits for.
 */
const STOP_WRITERS =
  'lock table experiment_units, only decisions, only exposures, only interactions in share row exclusive mode';

/**
 * Deletes a unit's decisions with their feedback, its dead letters and its side in experiments where it was put on one by hand,
 * notes hashes that keep late events away, and writes the audit rows: one transaction. May be run again.
 */
export function forgetUnit(pool: pg.Pool, options: ForgetOptions): Promise<ForgottenUnit> {
  const { tenant, unitId, isDryRun } = options;
  return inTransaction(
    pool,
    async (client) => {
      await client.query(`set local statement_timeout = '10min'`);
      await client.query(STOP_WRITERS);
      const unitHash = await guard(client, tenant, unitId);
      const stored = await deleteDecisions(client, tenant, unitId);
      const waiting = (options.decisionIds ?? []).map(({ day, decisionId }) => ({
        day,
        decision_id: decisionId,
      }));
      // Feedback may be stored before its decision is.
      const decisions = [...stored, ...waiting];
      await keepAway(client, decisions);
      const feedback = await deleteFeedback(client, decisions);
      // Its sums stay in its experiments' cells: they are of many units and name none.
      await client.query('delete from experiment_units where tenant = $1 and unit_id = $2', [tenant, unitId]);
      const names = { tenant, unitId, decisionIds: decisions.map((row) => row.decision_id) };
      const letters = await forgettableLetters(client, names);
      await client.query('delete from dead_letters where id = any($1::text[])', [letters]);
      const actor = { tenant, id: options.actor, ...(options.reason ? { reason: options.reason } : {}) };
      const forcedIn = await takeFromSides(client, actor, unitId, unitHash);
      const counts = { decisions: stored.length, ...feedback, deadLetters: letters.length, forcedIn };
      await audit(client, actor, { action: 'unit.forget', subject: unitHash, details: counts });
      if (forcedIn > 0) await bumpRevision(client);
      if (isDryRun) await client.query('rollback; begin');
      return { ...counts, decisionIds: stored.map((row) => row.decision_id), unitHash };
    },
    'begin',
  );
}

/** Deciders read the experiments anew, and what they keep on disk of them is written over. */
async function takeFromSides(
  client: pg.ClientBase,
  actor: Actor,
  unitId: string,
  unitHash: string,
): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `update experiments set definition = definition #- array['forcedUnits', $2], changed_at = now()
     where tenant = $1 and definition -> 'forcedUnits' ? $2 returning id`,
    [actor.tenant, unitId],
  );
  for (const { id } of rows) {
    await audit(client, actor, { action: 'experiment.forget-unit', subject: id, details: { unitHash } });
  }
  return rows.length;
}

async function guard(client: pg.ClientBase, tenant: string, unitId: string): Promise<string> {
  const { rows } = await client.query<{ unit_hash: string }>(
    `insert into forgotten_units (tenant, unit_hash) values ($1, forgotten_unit_hash($1, $2))
     on conflict on constraint forgotten_units_pkey do update set forgotten_at = now()
     returning unit_hash`,
    [tenant, unitId],
  );
  return rows[0].unit_hash;
}

interface Deleted {
  readonly day: string;
  readonly decision_id: string;
}

/**
 * By surface, as the index on units begins with it; by those of the decisions, found step by step along that index, as events
 * of a surface that is not declared are stored too.
 */
async function deleteDecisions(
  client: pg.ClientBase,
  tenant: string,
  unitId: string,
): Promise<readonly Deleted[]> {
  const { rows } = await client.query<Deleted>({
    text: `with recursive s (name) as (
        select min(surface) from decisions where tenant = $1
        union all
        select (select min(surface) from decisions where tenant = $1 and surface > s.name) from s where s.name is not null
      )
      delete from decisions as d using s where d.tenant = $1 and d.surface = s.name and d.unit_id = $2
      returning d.day::text, d.decision_id`,
    values: [tenant, unitId],
    ...patient,
  });
  return rows;
}

/** A table that is scanned whole takes longer than the pool's patience. */
const patient = { query_timeout: 602_000 };

async function keepAway(client: pg.ClientBase, decisions: readonly Deleted[]): Promise<void> {
  await client.query(
    `insert into forgotten_decisions (day, decision_id) select * from unnest($1::date[], $2::text[])
     on conflict do nothing`,
    [decisions.map(({ day }) => day), decisions.map(({ decision_id: id }) => id)],
  );
}
