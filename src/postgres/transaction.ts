import type pg from 'pg';
import type { Actor } from '../service/ports/stores.ts';
import { mapErrors } from './errors.ts';

/** One statement, with its failure in the words of the catalogue. */
export function query<R extends pg.QueryResultRow>(
  client: pg.Pool | pg.ClientBase,
  text: string,
  values: readonly unknown[] = [],
): Promise<R[]> {
  return mapErrors(async () => (await client.query<R>(text, [...values])).rows);
}

/** Everything in `work` or nothing. A connection whose rollback fails is thrown away. */
export function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  return mapErrors(async () => {
    const client = await pool.connect();
    let isBroken = false;
    const onError = (): void => void (isBroken = true);
    client.on('error', onError);
    try {
      await client.query(begin);
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => (isBroken = true));
      throw error;
    } finally {
      client.off('error', onError);
      client.release(isBroken);
    }
  });
}

export interface Change {
  readonly action: string;
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export async function audit(client: pg.ClientBase, actor: Actor, change: Change): Promise<void> {
  await client.query(
    `insert into audit_log (tenant, actor, action, subject, reason, details) values ($1, $2, $3, $4, $5, $6)`,
    [
      actor.tenant,
      actor.id,
      change.action,
      change.subject,
      actor.reason ?? null,
      JSON.stringify(change.details ?? {}),
    ],
  );
}

/** The channel on which deciders hear that the control state moved. */
export const CONTROL_CHANNEL = 'allot_control';

/**
 * A change of what deciders read: the change, its audit row, the new revision and the hint are one transaction.
 * `work` returns null when there was nothing to change: then nothing is noted either.
 */
export function changeControl<T>(
  pool: pg.Pool,
  actor: Actor,
  work: (client: pg.PoolClient) => Promise<{ readonly result: T; readonly change: Change | null }>,
): Promise<T> {
  return inTransaction(pool, async (client) => {
    const { result, change } = await work(client);
    if (change !== null) {
      await audit(client, actor, change);
      await bumpRevision(client);
    }
    return result;
  });
}

/** Last in a transaction: the row stays locked until commit, so the next revision is committed after this one. */
export async function bumpRevision(client: pg.ClientBase): Promise<void> {
  await client.query(
    `with bumped as (update control_revision set revision = revision + 1 returning revision)
     select pg_notify($1, revision::text) from bumped`,
    [CONTROL_CHANNEL],
  );
}
