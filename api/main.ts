import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AllotConfig } from '../src/config/config.ts';
import { readConfig } from '../src/config/env.ts';
import { loadOrCreateSecrets } from '../src/config/secrets.ts';
import { AllotError } from '../src/core/errors.ts';
import { createLastGoodCopy } from '../src/disk/last-good-copy.ts';
import { openJournal } from '../src/journal/journal.ts';
import { createLogger, type Logger } from '../src/observability/logger.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { handleShutdown, type Shutdown } from '../src/observability/shutdown.ts';
import { openDatabase } from '../src/postgres/database.ts';
import { createPostgresStores } from '../src/postgres/stores.ts';
import { createExperimentAnalysis } from '../src/service/experiment-analysis/experiment-analysis.ts';
import { createServing } from '../src/service/serving/serving.ts';
import { createServer } from './server.ts';
import { createServices, type ApiServices } from './services.ts';

/** The api alone: it neither migrates nor waits for the database, and what it accepts stays in its journal for ingest. */
async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  const shutdown = handleShutdown({ logger });
  const server = createServer(await assemble(config, logger, shutdown));
  shutdown.onStop('http', () => drain(server));
  server.listen(config.http.port, config.http.host);
  await once(server, 'listening');
  logger.info({ host: config.http.host, port: config.http.port }, 'the api is listening');
  await shutdown.stopped;
}

async function assemble(config: AllotConfig, logger: Logger, shutdown: Shutdown): Promise<ApiServices> {
  if (config.databaseUrl === null) {
    throw new AllotError(
      'config_invalid',
      'DATABASE_URL: the api alone needs a database; `allot start` brings one',
    );
  }
  const metrics = createMetrics({ withProcess: true });
  const secrets = loadOrCreateSecrets(config.secretsFile);
  const database = await openDatabase({ url: config.databaseUrl, applicationName: 'allot-api' });
  shutdown.onStop('database', () => database.close());
  const journal = await openJournal({ ...config.journal, logger, metrics });
  shutdown.onStop('journal', () => journal.close());
  const stores = createPostgresStores(database.pool);
  const common = { journal, secrets, clock: Date.now, logger, metrics };
  const serving = createServing({
    ...common,
    control: stores.control,
    lastGood: createLastGoodCopy(config.dataDir),
    pollMs: config.control.pollMs,
  });
  shutdown.onStop('serving', () => serving.stop());
  await serving.start();
  const analysis = createExperimentAnalysis(stores);
  return createServices({
    ...common,
    stores,
    serving,
    queue: stores.jobs,
    analyse: (tenant, experiment) => analysis.look(tenant, experiment, Date.now()),
    metricsText: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    maxStalenessMs: config.control.maxStalenessMs,
    bodyLimitBytes: config.http.bodyLimitBytes,
  });
}

/** Requests in hand are answered; nothing new is taken. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
}

await main();
