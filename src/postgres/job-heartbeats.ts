import { EventEmitter } from 'node:events';
import { makeWorkerUtils, type WorkerEvents, type WorkerUtils } from 'graphile-worker';
import type pg from 'pg';
import type { AllotError } from '../core/errors.ts';
import type { Logger } from '../service/ports/logger.ts';
import { toAllotError } from './errors.ts';
import { quiet } from './migrate.ts';
import { giveJobs } from './run-jobs.ts';

export interface Heartbeats {
  /** Give it to graphile-worker: it tells the ids of the workers it makes. */
  readonly events: WorkerEvents;
  stop(): Promise<void>;
}

/**
 * Every worker beats; whoever beats also frees the jobs of workers that stopped, and gives runs that have lost their job one
 * again. graphile-worker itself waits four hours, as it cannot know. A worker may take its first job before its first beat is stored, so the job must have been
 * locked for that long as well. All clocks are the database's.
 */
export async function startHeartbeats(
  pool: pg.Pool,
  options: { readonly beatMs: number; readonly deadAfterMs: number; readonly logger: Logger },
): Promise<Heartbeats> {
  const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet });
  const workers = new Set<string>();
  const events: WorkerEvents = new EventEmitter();
  events.on('worker:create', ({ worker }) => {
    workers.add(worker.workerId);
    void beat();
  });
  // While the database is away it is away for everybody. Any other failure is ours alone, and others take us for dead.
  const beat = (): Promise<void> =>
    beatOnce(pool, utils, [...workers], options.deadAfterMs).catch((error: unknown) => {
      if ((toAllotError(error) as AllotError).code === 'store_unavailable') return;
      options.logger.warn(
        { error },
        'a job worker cannot tell that it lives: its jobs will be begun by others, too',
      );
    });
  let beating = beat();
  const timer = setInterval(() => void (beating = beat()), options.beatMs);
  timer.unref();
  return {
    events,
    async stop() {
      clearInterval(timer);
      await beating;
      await pool
        .query('delete from job_workers where worker_id = any($1::text[])', [[...workers]])
        .catch(() => undefined);
      await utils.release();
    },
  };
}

async function beatOnce(
  pool: pg.Pool,
  utils: WorkerUtils,
  workers: readonly string[],
  deadAfterMs: number,
): Promise<void> {
  await pool.query(
    `insert into job_workers (worker_id) select unnest($1::text[])
     on conflict on constraint job_workers_pkey do update set beat_at = now()`,
    [workers],
  );
  const { rows } = await pool.query<{ locked_by: string }>(
    `select distinct j.locked_by from graphile_worker.jobs as j
     where j.locked_at < now() - make_interval(secs => $1) and not exists (
       select from job_workers as w
       where w.worker_id = j.locked_by and w.beat_at > now() - make_interval(secs => $1))`,
    [deadAfterMs / 1000],
  );
  const dead = rows.map((row) => row.locked_by);
  if (dead.length > 0) await utils.forceUnlockWorkers(dead);
  await giveJobs(pool);
  await pool.query(`delete from job_workers where beat_at < now() - interval '1 day'`);
}
