import { artifactKeys } from '../compose/artifact-keys.ts';
import { childEnvironment, readConfig } from '../config/env.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { handleShutdown } from '../observability/shutdown.ts';
import { startMetricsServer } from '../compose/metrics-server.ts';
import { AllotError } from '../core/errors.ts';
import { openDatabase } from '../postgres/database.ts';
import { startJobWorker } from '../postgres/job-queue.ts';
import { startLeadership } from '../postgres/leader.ts';
import { createPostgresStores } from '../postgres/stores.ts';
import { makePartitionsAhead } from '../postgres/retention.ts';
import { startController } from './controller.ts';
import { startPartitionMaintenance } from './partition-maintenance.ts';

/** The controller alone, beside other processes on the same database; it may be replicated. */
async function main(): Promise<void> {
  const config = readConfig();
  // Its jobs sign with them: a key that cannot be read is refused now, and not by the first training that ends.
  artifactKeys(config);
  const logger = createLogger(config.logLevel);
  const url = config.databaseUrl;
  if (url === null) {
    throw new AllotError('config_invalid', 'DATABASE_URL: the controller alone needs a database');
  }
  const shutdown = handleShutdown({ logger });
  const database = await openDatabase({ url, applicationName: 'allot-controller' });
  shutdown.onStop('database', () => database.close());
  const metrics = createMetrics({ withProcess: true });
  const stores = createPostgresStores(database.pool);
  if (config.metricsPort !== null) {
    const at = { host: config.http.host, port: config.metricsPort };
    const server = await startMetricsServer({ ...at, metrics, control: stores.control, logger });
    shutdown.onStop('metrics', () => server.stop());
  }
  const controller = await startController({
    stores,
    leadership: await startLeadership({ url, name: 'controller' }),
    startWorker: (run) => startJobWorker({ url, run }),
    jobEnvironment: childEnvironment(config, url),
    lookIntervalMs: config.lookIntervalMs,
    clock: Date.now,
    logger,
    metrics,
  });
  const maintenance = startPartitionMaintenance({
    makeAhead: (today, days) => makePartitionsAhead(database.pool, today, days),
    clock: Date.now,
    logger,
    metrics,
  });
  shutdown.onStop('partition maintenance', () => maintenance.stop());
  shutdown.onStop('controller', () => controller.stop());
  logger.info({}, 'the controller is running');
  await shutdown.stopped;
}

await main();
