import { run } from 'graphile-worker';
import { type Logger, silentLogger } from '../service/ports/logger.ts';
import type { RunJob } from '../service/ports/runs.ts';
import { createPool } from './database.ts';
import { startHeartbeats } from './job-heartbeats.ts';
import { quiet } from './migrate.ts';
import { addJob, RUN_TASK, type RunJobPayload } from './run-jobs.ts';

export interface JobWorkerOptions {
  readonly url: string;
  readonly run: RunJob;
  readonly concurrency?: number;
  readonly beatMs?: number;
  /** A worker silent for this long is dead and its job goes to another. */
  readonly deadAfterMs?: number;
  readonly logger?: Logger;
}

export async function startJobWorker(options: JobWorkerOptions): Promise<{ stop(): Promise<void> }> {
  const { concurrency = 1, beatMs = 5_000, deadAfterMs = 30_000, logger = silentLogger } = options;
  const pool = createPool(options.url, { applicationName: 'allot-jobs', maxConnections: concurrency + 4 });
  const heartbeats = await startHeartbeats(pool, { beatMs, deadAfterMs, logger });
  const runner = await run({
    pgPool: pool,
    concurrency,
    pollInterval: 1_000,
    noHandleSignals: true,
    logger: quiet,
    events: heartbeats.events,
    taskList: {
      [RUN_TASK]: async (payload) => {
        const job = payload as RunJobPayload;
        // A stop is no failure of the job: it would count as an attempt, and wait longer each time.
        if ((await options.run(job.kind, job.runId, job.tenant)) === 'interrupted') await addJob(pool, job);
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
