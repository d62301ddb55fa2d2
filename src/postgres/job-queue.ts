import { run } from 'graphile-worker';
import pg from 'pg';
import type { JobQueue, RunKind } from '../service/ports/runs.ts';
import { createPool } from './database.ts';
import { startHeartbeats } from './job-heartbeats.ts';
import { quiet } from './migrate.ts';
import { query } from './transaction.ts';

const TASK = 'offline-run';

/**
 * A job is begun this often, deaths and restarts of its controllers included. A failure of the run itself is recorded by the
 * runner and is no reason to try again.
 */
const MAX_ATTEMPTS = 25;

interface Payload {
  readonly kind: RunKind;
  readonly runId: string;
  readonly tenant: string;
}

/** The job key is the run's id: enqueued twice, it runs once. */
export function createJobQueue(pool: pg.Pool): JobQueue {
  return {
    async enqueue(kind, runId, tenant) {
      const payload: Payload = { kind, runId, tenant };
      await query(
        pool,
        `select from graphile_worker.add_job($1, payload := $2::json, job_key := $3, max_attempts := $4::integer)`,
        [TASK, JSON.stringify(payload), `${tenant}/${runId}`, MAX_ATTEMPTS],
      );
    },
  };
}

export interface JobWorkerOptions {
  readonly url: string;
  /** Rejects only if the job should be tried again; `attempt` is 1 the first time. */
  readonly run: (kind: RunKind, runId: string, tenant: string, attempt: number) => Promise<void>;
  readonly concurrency?: number;
  readonly beatMs?: number;
  /** A worker silent for this long is dead and its job goes to another. */
  readonly deadAfterMs?: number;
}

export async function startJobWorker(options: JobWorkerOptions): Promise<{ stop(): Promise<void> }> {
  const { concurrency = 1, beatMs = 5_000, deadAfterMs = 30_000 } = options;
  const pool = createPool(options.url, { applicationName: 'allot-jobs', maxConnections: concurrency + 4 });
  const heartbeats = await startHeartbeats(pool, { beatMs, deadAfterMs });
  const runner = await run({
    pgPool: pool,
    concurrency,
    pollInterval: 1_000,
    noHandleSignals: true,
    logger: quiet,
    events: heartbeats.events,
    taskList: {
      [TASK]: async (payload, { job }) => {
        const { kind, runId, tenant } = payload as Payload;
        await options.run(kind, runId, tenant, job.attempts);
      },
    },
  });
  return {
    async stop() {
      await runner.stop();
      await heartbeats.stop();
      await pool.end();
    },
  };
}
