import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { readConfig } from '../src/config/env.ts';
import { loadOrCreateSecrets } from '../src/config/secrets.ts';
import { AllotError } from '../src/core/errors.ts';
import { createLastGoodCopy } from '../src/disk/last-good-copy.ts';
import { openJournal } from '../src/journal/journal.ts';
import { createLogger } from '../src/observability/logger.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { handleShutdown } from '../src/observability/shutdown.ts';
import { openDatabase } from '../src/postgres/database.ts';
import { createPostgresStores } from '../src/postgres/stores.ts';
import { createExperimentAnalysis } from '../src/service/experiment-analysis/experiment-analysis.ts';
import { createServing } from '../src/service/serving/serving.ts';
import { createServer } from './server.ts';
import { createServices } from './services.ts';

/** The api alone: it neither migrates nor waits for the database, and what it accepts stays in its journal for ingest. */
async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  if (config.databaseUrl === null) {
    throw new AllotError(
      'config_invalid',
      'DATABASE_URL: the api alone needs a database; `allot start` brings one',
    );
  }
  const shutdown = handleShutdown({ logger });
  const metrics = createMetrics({ withProcess: true });
  const secrets = loadOrCreateSecrets(config.secretsFile);
  const database = await openDatabase({ url: config.databaseUrl, applicationName: 'allot-api' });
  shutdown.onStop('database', () => database.close());
  const journal = await openJournal({ ...config.journal, logger, metrics });
  shutdown.onStop('journal', () => journal.close());
  const stores = createPostgresStores(database.pool);
  const lastGood = createLastGoodCopy(join(config.dataDir, 'api'));
  const common = { journal, secrets, clock: Date.now, logger, metrics };
  const serving = createServing({
    ...common,
    control: stores.control,
    lastGood,
    pollMs: config.control.pollMs,
  });
  shutdown.onStop('serving', () => serving.stop());
  const analysis = createExperimentAnalysis(stores);
  const services = createServices({
    ...common,
    stores,
    serving,
    queue: stores.jobs,
    analyse: (tenant, experiment) => analysis.look(tenant, experiment, Date.now()),
    metricsText: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    maxStalenessMs: config.control.maxStalenessMs,
    bodyLimitBytes: config.http.bodyLimitBytes,
  });
  await serving.start();
  const server = createServer(services);
  shutdown.onStop('http', () => drain(server));
  server.listen(config.http.port, config.http.host);
  await once(server, 'listening');
  logger.info({ host: config.http.host, port: config.http.port }, 'the api is listening');
  await shutdown.stopped;
}

/** Requests in hand are answered; nothing new is taken. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
}

await main();
