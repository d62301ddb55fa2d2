import type { AllotConfig } from '../config/config.ts';
import { readConfig } from '../config/env.ts';
import { artifactKeys } from '../compose/artifact-keys.ts';
import { startWholeController } from '../compose/controller.ts';
import { startMetricsServer } from '../compose/metrics-server.ts';
import { AllotError } from '../core/errors.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { handleShutdown, runUntilStopped, type Shutdown } from '../observability/shutdown.ts';
import { openDatabase } from '../postgres/database.ts';
import { createPostgresStores } from '../postgres/stores.ts';

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
  await runUntilStopped(shutdown, logger, () => start(config, url, logger, shutdown));
}

async function start(config: AllotConfig, url: string, logger: Logger, shutdown: Shutdown): Promise<void> {
  const { signal } = shutdown;
  const database = await openDatabase({ url, applicationName: 'allot-controller' });
  shutdown.onStop('database', () => database.close());
  const metrics = createMetrics({ withProcess: true });
  if (config.metricsPort !== null) {
    const { control } = createPostgresStores(database.pool, database.controlPool);
    const at = { host: config.http.host, port: config.metricsPort };
    const server = await startMetricsServer({ ...at, metrics, control, logger });
    shutdown.onStop('metrics', () => server.stop());
  }
  const controller = await startWholeController({ config, database, logger, metrics, signal });
  shutdown.onStop('controller', () => controller.stop());
  logger.info({}, 'the controller is running');
}

await main();
