import type { AllotConfig } from '../config/config.ts';
import { readConfig } from '../config/env.ts';
import { AllotError } from '../core/errors.ts';
import { startMetricsServer } from '../compose/metrics-server.ts';
import { untilItWorks } from '../compose/until-it-works.ts';
import { openJournal } from '../journal/journal.ts';
import { createKafkaEventLog } from '../kafka/event-log.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics, type MetricsWithText } from '../observability/metrics.ts';
import { handleShutdown, runUntilStopped, type Shutdown } from '../observability/shutdown.ts';
import { openDatabase } from '../postgres/database.ts';
import { createPostgresStores } from '../postgres/stores.ts';
import type { EventLog } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { startIngest } from './pipeline.ts';

/** Nobody waits for a decision of this process, so it may take more at a time than a journal's own process does. */
const BATCH_RECORDS = 4_000;

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
  const url = config.databaseUrl;
  const shutdown = handleShutdown({ logger });
  await runUntilStopped(shutdown, logger, () => start(config, url, logger, shutdown));
}

async function start(config: AllotConfig, url: string, logger: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = createMetrics({ withProcess: true });
  const database = await openDatabase({ url, applicationName: 'allot-ingest' });
  shutdown.onStop('database', () => database.close());
  const log = await openLog({ config, logger, metrics, signal: shutdown.signal });
  shutdown.onStop('event log', () => log.close(), { patienceMs: config.kafka === null ? Infinity : 10_000 });
  shutdown.signal.throwIfAborted();

  const { events: store, control } = createPostgresStores(database.pool, database.controlPool);
  if (config.metricsPort !== null) {
    const at = { host: config.http.host, port: config.metricsPort };
    const server = await startMetricsServer({ ...at, metrics, control, logger });
    shutdown.onStop('metrics', () => server.stop());
    shutdown.signal.throwIfAborted();
  }
  const ingest = await startIngest({ log, store, metrics, logger });
  shutdown.onStop('ingest', () => ingest.stop());
  logger.info({ from: config.kafka === null ? 'journal' : 'kafka' }, 'ingest is running');
}

async function openLog(parts: {
  readonly config: AllotConfig;
  readonly logger: Logger;
  readonly metrics: MetricsWithText;
  readonly signal: AbortSignal;
}): Promise<EventLog> {
  const { config, logger, metrics, signal } = parts;
  if (config.kafka === null) {
    logger.warn({}, 'ingest: no KAFKA_BROKERS, only the journals of ended processes are read');
    return await openJournal({ ...config.journal, logger, metrics, batchRecords: BATCH_RECORDS });
  }
  const kafka = createKafkaEventLog(config.kafka, logger, { metrics });
  await untilItWorks(
    () => kafka.ensureTopics(),
    signal,
    (error) => logger.warn({ error }, 'the broker does not answer; trying again'),
  );
  return kafka;
}

await main();
