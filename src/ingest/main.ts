import { readConfig } from '../config/env.ts';
import { AllotError } from '../core/errors.ts';
import { startMetricsServer } from '../compose/metrics-server.ts';
import { untilItWorks } from '../compose/until-it-works.ts';
import { openJournal } from '../journal/journal.ts';
import { createKafkaEventLog } from '../kafka/event-log.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { type Shutdown, handleShutdown } from '../observability/shutdown.ts';
import { openDatabase } from '../postgres/database.ts';
import { createPostgresStores } from '../postgres/stores.ts';
import type { EventLog } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { startIngest } from './pipeline.ts';

/** Nobody waits for a decision of this process, so it may take more at a time than a journal's own process does. */
const BATCH_RECORDS = 4_000;
const LAST_WORDS_MS = 1_000;

/**
 * Ingest alone: from Kafka, or, without brokers, from the journals that ended processes left on this host (a
 * running process delivers its own journal).
 */
async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  if (config.databaseUrl === null) {
    const message = 'DATABASE_URL: ingest alone needs a database; `allot start` brings one';
    throw new AllotError('config_invalid', message);
  }
  const shutdown = handleShutdown({ logger });
  const metrics = createMetrics({ withProcess: true });
  const database = await openDatabase({ url: config.databaseUrl, applicationName: 'allot-ingest' });
  shutdown.onStop('database', () => database.close());

  const stopping = new AbortController();
  shutdown.onStop('start', () => Promise.resolve(stopping.abort()));
  let log: EventLog;
  if (config.kafka === null) {
    logger.warn({}, 'ingest: no KAFKA_BROKERS, only the journals of ended processes are read');
    log = await openJournal({ ...config.journal, logger, metrics, batchRecords: BATCH_RECORDS });
  } else {
    const kafka = createKafkaEventLog(config.kafka, logger);
    await untilItWorks(
      () => kafka.ensureTopics(),
      stopping.signal,
      (error) => logger.warn({ error }, 'the broker does not answer; trying again'),
    );
    log = kafka;
  }
  shutdown.onStop('event log', () => log.close());

  const { events: store, control } = createPostgresStores(database.pool);
  if (config.metricsPort !== null) {
    const at = { host: config.http.host, port: config.metricsPort };
    const server = await startMetricsServer({ ...at, metrics, control, logger });
    shutdown.onStop('metrics', () => server.stop());
  }
  const ingest = await startIngest({ log, store, metrics, logger });
  shutdown.onStop('ingest', () => ingest.stop());
  logger.info({ from: config.kafka === null ? 'journal' : 'kafka' }, 'ingest is running');
  await untilStopped(shutdown, logger);
}

async function untilStopped(shutdown: Shutdown, logger: Logger): Promise<void> {
  // Nothing else keeps this process alive while the log is quiet.
  const alive = setInterval(() => undefined, 60_000);
  await shutdown.stopped;
  clearInterval(alive);
  // A Kafka client that was told to stop while it joined its group has been seen to live on for five minutes.
  const last = setTimeout(() => {
    logger.warn({}, 'ingest: something still runs after the stop, the process is ended');
    process.exit();
  }, LAST_WORDS_MS);
  last.unref();
}

await main();
