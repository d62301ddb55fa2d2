import type pg from 'pg';
import type { JobQueue, RunKind } from '../service/ports/runs.ts';
import { inTransaction, query } from './transaction.ts';

export const RUN_TASK = 'offline-run';

export interface RunJobPayload {
  readonly kind: RunKind;
  readonly runId: string;
  readonly tenant: string;
}

/** The job key is the run's id: added twice, it runs once. A job that runs now is let go, and the new one begins at once. */
export async function addJob(
  client: pg.Pool | pg.ClientBase,
  { kind, runId, tenant }: RunJobPayload,
): Promise<void> {
  const payload = JSON.stringify({ kind, runId, tenant });
  await client.query('select from graphile_worker.add_job($1, payload := $2::json, job_key := $3)', [
    RUN_TASK,
    payload,
    `${tenant}/${runId}`,
  ]);
}

/**
 * Gives a job to every open run that waits for one and has none that will still be begun: the database was restored, or the
 * queue has given the job up after many deaths of its controllers. One at a time: two that look at the same moment would add it twice.
 */
export function giveJobs(pool: pg.Pool): Promise<number> {
  return inTransaction(pool, async (client) => {
    await client.query(`select pg_advisory_xact_lock(hashtextextended('allot.run_jobs', 0))`);
    const { rowCount } = await client.query(
      `select graphile_worker.add_job($1, payload := json_build_object('kind', r.kind, 'runId', r.id, 'tenant', r.tenant),
         job_key := r.tenant || '/' || r.id)
       from runs as r
       where r.is_job and r.state in ('queued', 'running') and not exists (
         select from graphile_worker.jobs as j
         where j.key = r.tenant || '/' || r.id and (j.locked_at is not null or j.attempts < j.max_attempts))`,
      [RUN_TASK],
    );
    return rowCount ?? 0;
  });
}

/** For each kind, how many milliseconds ago the oldest run was made that is queued or running as a job; 0 where there is none. */
export async function oldestOpenRuns(pool: pg.Pool): Promise<Readonly<Record<RunKind, number>>> {
  const rows = await query<{ kind: RunKind; age: number }>(
    pool,
    `select kind, extract(epoch from now() - min(created_at))::float8 * 1000 as age
     from runs where is_job and state in ('queued', 'running') group by kind`,
  );
  const ages = Object.fromEntries(rows.map(({ kind, age }) => [kind, Math.max(0, age)]));
  return { snapshot: 0, training: 0, evaluation: 0, promotion: 0, ...ages };
}

export const createJobQueue = (pool: pg.Pool): JobQueue => ({ giveJobs: () => giveJobs(pool) });
