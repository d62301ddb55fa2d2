import { readConfig } from '../src/config/env.ts';
import { loadOrCreateSecrets } from '../src/config/secrets.ts';
import { AllotError } from '../src/core/errors.ts';
import { createApi } from '../src/compose/api.ts';
import { checkPseudonymKey } from '../src/compose/pseudonym-key.ts';
import { startEventTransport } from '../src/compose/event-transport.ts';
import { untilItWorks } from '../src/compose/until-it-works.ts';
import { openJournal } from '../src/journal/journal.ts';
import { createLogger } from '../src/observability/logger.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { handleShutdown } from '../src/observability/shutdown.ts';
import { openDatabase } from '../src/postgres/database.ts';
import { createPostgresStores } from '../src/postgres/stores.ts';
import { listen, stopListening } from './listen.ts';
import { createServer } from './server.ts';

/**
 * The api alone: it neither migrates nor waits for the database. What it accepts goes from its journal to Kafka, or,
 * without a broker, straight into the database.
 */
async function main(): Promise<void> {
  const config = readConfig();
  if (config.databaseUrl === null) {
    throw new AllotError(
      'config_invalid',
      'DATABASE_URL: the api alone needs a database; `allot start` brings one',
    );
  }
  const logger = createLogger(config.logLevel);
  const shutdown = handleShutdown({ logger });
  const metrics = createMetrics({ withProcess: true });
  const database = await openDatabase({ url: config.databaseUrl, applicationName: 'allot-api' });
  shutdown.onStop('database', () => database.close());
  const journal = await openJournal({ ...config.journal, logger, metrics });
  shutdown.onStop('journal', () => journal.close());
  const stores = createPostgresStores(database.pool);
  const secrets = loadOrCreateSecrets(config.secretsFile);
  const { serving, services } = createApi({ config, stores, journal, secrets, logger, metrics });
  shutdown.onStop('serving', () => serving.stop());

  const abort = new AbortController();
  void untilItWorks(
    () => checkPseudonymKey({ pool: database.pool, config, secrets, logger }),
    abort.signal,
    (error) => logger.warn({ error }, 'the pseudonym key could not be noted; trying again'),
  ).catch(() => undefined);
  const transport = untilItWorks(
    () =>
      startEventTransport({ config, journal, events: stores.events, isIngestHere: false, logger, metrics }),
    abort.signal,
    (error) => logger.warn({ error }, 'the event transport did not start; trying again'),
  ).catch(() => null);
  shutdown.onStop('event transport', async () => {
    abort.abort();
    await (await transport)?.stop();
  });

  await serving.start();
  const server = createServer(services);
  shutdown.onStop('http', () => stopListening(server));
  logger.info({ url: await listen(server, config.http) }, 'the api is listening');
  await shutdown.stopped;
}

await main();
