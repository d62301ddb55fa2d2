import type { AllotConfig } from '../config/config.ts';
import { childEnvironment } from '../config/env.ts';
import { startController } from '../controller/controller.ts';
import { startJobWatch } from '../controller/job-watch.ts';
import { startPartitionMaintenance } from '../controller/partition-maintenance.ts';
import { createStopSteps } from '../observability/stop-steps.ts';
import type { Database } from '../postgres/database.ts';
import { startJobWorker } from '../postgres/job-queue.ts';
import { startLeadership } from '../postgres/leader.ts';
import { makePartitionsAhead } from '../postgres/retention.ts';
import { oldestOpenRuns } from '../postgres/run-jobs.ts';
import { createPostgresStores } from '../postgres/stores.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import { untilItWorks } from './until-it-works.ts';

export interface WholeControllerOptions {
  readonly config: AllotConfig;
  readonly database: Database;
  /** Default: the setting. */
  readonly lookIntervalMs?: number;
  /** Offline jobs that may run at the same time. Default: 1. */
  readonly jobsAtOnce?: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gives up waiting for the database. */
  readonly signal: AbortSignal;
}

/** Of the parts together, so that the stop of the whole keeps within its own bound. */
const MOST_STOP_MS = 8_000;

/** The controller on PostgreSQL, with the making of partitions. Waits for the database as long as it takes. */
export async function startWholeController(
  options: WholeControllerOptions,
): Promise<{ stop(): Promise<void> }> {
  const { config, database, jobsAtOnce = 1, logger, metrics, signal } = options;
  const { url } = database;
  const start = () =>
    startController({
      stores: createPostgresStores(database.pool, database.controlPool),
      startLeadership: () => startLeadership({ url, name: 'controller', logger }),
      startWorker: (run) => startJobWorker({ url, run, logger, concurrency: jobsAtOnce }),
      jobEnvironment: childEnvironment(config, url),
      lookIntervalMs: options.lookIntervalMs ?? config.lookIntervalMs,
      clock: Date.now,
      logger,
      metrics,
    });
  const controller = await untilItWorks(start, signal, (error) =>
    logger.warn({ error }, 'the controller did not start; trying again'),
  );
  const maintenance = startPartitionMaintenance({
    makeAhead: (today, days) => makePartitionsAhead(database.pool, today, days),
    clock: Date.now,
    logger,
    metrics,
  });
  const jobs = startJobWatch({ oldestOpen: () => oldestOpenRuns(database.pool), logger, metrics });
  const steps = createStopSteps({ logger, totalMs: MOST_STOP_MS });
  steps.onStop('controller', () => controller.stop());
  steps.onStop('partition maintenance', () => maintenance.stop());
  steps.onStop('job watch', () => jobs.stop());
  return { stop: () => steps.run() };
}
