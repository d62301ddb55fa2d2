import type { AllotConfig } from '../src/config/config.ts';
import { readConfig } from '../src/config/env.ts';
import { AllotError } from '../src/core/errors.ts';
import { createApi } from '../src/compose/api.ts';
import { checkPseudonymKey } from '../src/compose/pseudonym-key.ts';
import { startEventTransport } from '../src/compose/event-transport.ts';
import { untilItWorks } from '../src/compose/until-it-works.ts';
import { secretsOf } from '../src/compose/secrets.ts';
import { openJournal } from '../src/journal/journal.ts';
import { createLogger, type Logger } from '../src/observability/logger.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { handleShutdown, runUntilStopped, type Shutdown } from '../src/observability/shutdown.ts';
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
  const { databaseUrl } = config;
  if (databaseUrl === null) {
    throw new AllotError(
      'config_invalid',
      'DATABASE_URL: the api alone needs a database; `allot start` brings one',
    );
  }
  const logger = createLogger(config.logLevel);
  const shutdown = handleShutdown({ logger });
  await runUntilStopped(shutdown, logger, () => start({ config, databaseUrl, logger, shutdown }));
}

interface Parts {
  readonly config: AllotConfig;
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

async function start({ config, databaseUrl, logger, shutdown }: Parts): Promise<void> {
  const { signal } = shutdown;
  const metrics = createMetrics({ withProcess: true });
  const database = await openDatabase({ url: databaseUrl, applicationName: 'allot-api' });
  shutdown.onStop('database', () => database.close());
  const journal = await openJournal({ ...config.journal, logger, metrics });
  shutdown.onStop('journal', () => journal.close(), { patienceMs: Infinity });
  signal.throwIfAborted();
  const stores = createPostgresStores(database.pool, database.controlPool);
  const secrets = secretsOf(config);
  const { serving, services } = createApi({ config, stores, journal, secrets, logger, metrics });
  shutdown.onStop('serving', () => serving.stop());

  void untilItWorks(
    () => checkPseudonymKey({ pool: database.pool, config, secrets, logger }),
    signal,
    (error) => logger.warn({ error }, 'the pseudonym key could not be noted; trying again'),
  ).catch(() => undefined);
  const transport = untilItWorks(
    () =>
      startEventTransport({ config, journal, events: stores.events, isIngestHere: false, logger, metrics }),
    signal,
    (error) => logger.warn({ error }, 'the event transport did not start; trying again'),
  ).catch(() => null);
  shutdown.onStop('event transport', async () => (await transport)?.stop());

  await serving.start();
  // What is stopping must not begin to serve: its journal is closed.
  signal.throwIfAborted();
  const server = createServer(services);
  const listening = listen(server, config.http);
  shutdown.onStop('http', () => listening.then(() => stopListening(server)));
  logger.info({ url: await listening }, 'the api is listening');
}

await main();
