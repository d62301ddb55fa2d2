import { setTimeout as sleep } from 'node:timers/promises';
import { listen, stopListening } from '../../../api/listen.ts';
import { createServer } from '../../../api/server.ts';
import type { AllotConfig } from '../../config/config.ts';
import { secretsOf } from '../../compose/secrets.ts';
import type { Secrets } from '../../config/secrets.ts';
import { openJournal } from '../../journal/journal.ts';
import type { Logger } from '../../observability/logger.ts';
import { createMetrics, type MetricsWithText } from '../../observability/metrics.ts';
import { createStopSteps, type StopSteps } from '../../observability/stop-steps.ts';
import { openDatabase } from '../../postgres/database.ts';
import { createPostgresStores } from '../../postgres/stores.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { startBackground, type Background } from './background.ts';
import { createApi } from '../../compose/api.ts';
import { artifactKeys } from '../../compose/artifact-keys.ts';
import { checkPseudonymKey } from '../../compose/pseudonym-key.ts';
import { serverOf } from './stores.ts';

export interface StartOptions {
  readonly logger: Logger;
  readonly metrics?: MetricsWithText;
  /** Default: those of the secrets file, made on first use. */
  readonly secrets?: Secrets;
  /** Instead of the setting: how often running experiments are looked at. */
  readonly lookIntervalMs?: number;
  /** Offline jobs that may run at the same time. */
  readonly jobsAtOnce?: number;
  /** Gives up a start that has not succeeded yet; what was opened by then is closed. */
  readonly signal?: AbortSignal;
}

export interface RunningAllot {
  /** `http://host:port` */
  readonly url: string;
  readonly databaseUrl: string;
  readonly stores: AllStores;
  /**
   * Resolves when the database was reached, migrated, and ingest and controller run; `adminKey` is set when there was
   * no key yet: it is shown this once.
   */
  readonly ready: Promise<{ readonly adminKey: string | null }>;
  /** Serves what is stored now, without waiting for the next poll. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/**
 * api, ingest and controller in one process. The embedded server is started first; with `DATABASE_URL` the api answers
 * at once, by its last good state while the database is away, and the rest follows when it is back.
 */
export async function startAllot(config: AllotConfig, options: StartOptions): Promise<RunningAllot> {
  // Refused before anything is started or made on the disk.
  artifactKeys(config);
  const closing = createStopSteps(options);
  try {
    return await start(config, options, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function start(config: AllotConfig, options: StartOptions, closing: StopSteps): Promise<RunningAllot> {
  const { logger, signal } = options;
  const metrics = options.metrics ?? createMetrics({ withProcess: true });
  const postgres = await serverOf(config, logger, signal);
  closing.onStop('postgres', () => postgres.stop(), { patienceMs: Infinity });
  const database = await openDatabase({ url: postgres.url });
  closing.onStop('database', () => database.close());
  const stores = createPostgresStores(database.pool, database.controlPool);
  const journal = await openJournal({ ...config.journal, logger, metrics });
  closing.onStop('journal', () => journal.close(), { patienceMs: Infinity });
  signal?.throwIfAborted();
  const secrets = options.secrets ?? secretsOf(config);
  const { serving, services } = createApi({ config, stores, journal, secrets, logger, metrics });
  const background = startBackground({
    config,
    database,
    stores,
    journal,
    refresh: () => serving.refresh(),
    lookIntervalMs: options.lookIntervalMs ?? config.lookIntervalMs,
    jobsAtOnce: options.jobsAtOnce ?? 1,
    logger,
    metrics,
    ...(signal === undefined ? {} : { signal }),
  });
  closing.onStop('background', () => background.stop());
  compareKeys(background, { pool: database.pool, config, secrets, logger });
  await migratedInTime(config, background);
  signal?.throwIfAborted();
  closing.onStop('serving', () => serving.stop());
  await serving.start();
  signal?.throwIfAborted();
  const server = createServer(services);
  const listening = listen(server, config.http);
  closing.onStop('http', () => listening.then(() => stopListening(server)));
  const url = await listening;
  const refresh = (): Promise<void> => serving.refresh();
  const { ready } = background;
  return { url, databaseUrl: postgres.url, stores, ready, refresh, close: () => closing.run() };
}

function compareKeys({ migrated }: Background, parts: Parameters<typeof checkPseudonymKey>[0]): void {
  migrated
    .then(() => checkPseudonymKey(parts))
    .catch((error: unknown) => parts.logger.warn({ error }, 'the pseudonym key could not be noted'));
}

/** How long the api waits for a given database before it answers by its last good state. */
const GIVEN_DATABASE_MS = 3_000;

/**
 * Without the schema there is nothing to load. Our own server was just started and is waited for; a given one may be away,
 * and then the api must not wait.
 */
async function migratedInTime(config: AllotConfig, { migrated }: Background): Promise<void> {
  if (config.databaseUrl === null) return await migrated;
  await Promise.race([migrated.catch(() => undefined), sleep(GIVEN_DATABASE_MS, undefined, { ref: false })]);
}
