import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from '../../../api/server.ts';
import { createServices, type ApiServices } from '../../../api/services.ts';
import type { AllotConfig } from '../../config/config.ts';
import { loadOrCreateSecrets, type Secrets } from '../../config/secrets.ts';
import { createLastGoodCopy } from '../../disk/last-good-copy.ts';
import { openJournal, type Journal } from '../../journal/journal.ts';
import type { Logger } from '../../observability/logger.ts';
import { createMetrics, type MetricsWithText } from '../../observability/metrics.ts';
import { openDatabase } from '../../postgres/database.ts';
import { createExperimentAnalysis } from '../../service/experiment-analysis/experiment-analysis.ts';
import { createServing, type Serving } from '../../service/serving/serving.ts';
import { startBackground, type Background } from './background.ts';
import { serverOf, storesOn, type Stores } from './stores.ts';

export interface StartOptions {
  readonly logger: Logger;
  readonly metrics?: MetricsWithText;
  /** Default: those of the secrets file, made on first use. */
  readonly secrets?: Secrets;
  /** How often running experiments are looked at. */
  readonly lookIntervalMs?: number;
  /** Offline jobs that may run at the same time. */
  readonly jobsAtOnce?: number;
}

export interface RunningAllot {
  /** `http://host:port` */
  readonly url: string;
  readonly databaseUrl: string;
  readonly stores: Stores;
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
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    return await start(config, options, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: AllotConfig,
  options: StartOptions,
  closing: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<RunningAllot> {
  const { logger } = options;
  const metrics = options.metrics ?? createMetrics({ withProcess: true });
  const postgres = await serverOf(config, logger);
  closing.push(() => postgres.stop());
  const database = await openDatabase({ url: postgres.url });
  closing.push(() => database.close());
  const stores = storesOn(database);
  const journal = await openJournal({ ...config.journal, logger, metrics });
  closing.push(() => journal.close());
  const secrets = options.secrets ?? loadOrCreateSecrets(config.secretsFile);
  const { serving, services } = createApi({ config, stores, journal, secrets, logger, metrics });
  const background = startBackground({
    config,
    databaseUrl: postgres.url,
    stores,
    journal,
    refresh: () => serving.refresh(),
    lookIntervalMs: options.lookIntervalMs ?? 30_000,
    jobsAtOnce: options.jobsAtOnce ?? 1,
    logger,
    metrics,
  });
  closing.push(() => background.stop());
  await migratedInTime(config, background);
  await serving.start();
  closing.push(() => serving.stop());
  const server = createServer(services);
  closing.push(() => stopListening(server));
  await listen(server, config);
  const url = addressOf(server, config);
  const ready = withoutSurprise(background);
  return { url, databaseUrl: postgres.url, stores, ready, refresh: () => serving.refresh(), close };
}

/** How long the api waits for a given database before it answers by its last good state. */
const GIVEN_DATABASE_MS = 3_000;

/** The deciders and the use cases behind the HTTP API. */
function createApi(parts: {
  readonly config: AllotConfig;
  readonly stores: Stores;
  readonly journal: Journal;
  readonly secrets: Secrets;
  readonly logger: Logger;
  readonly metrics: MetricsWithText;
}): { readonly serving: Serving; readonly services: ApiServices } {
  const { config, stores, metrics } = parts;
  const clock = Date.now;
  const serving = createServing({
    ...parts,
    control: stores.control,
    lastGood: createLastGoodCopy(config.dataDir),
    clock,
    pollMs: config.control.pollMs,
  });
  const analysis = createExperimentAnalysis(stores);
  const services = createServices({
    ...parts,
    serving,
    clock,
    queue: stores.jobs,
    analyse: (tenant, experiment) => analysis.look(tenant, experiment, clock()),
    metricsText: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    maxStalenessMs: config.control.maxStalenessMs,
    bodyLimitBytes: config.http.bodyLimitBytes,
  });
  return { serving, services };
}

/**
 * Without the schema there is nothing to load. Our own server was just started and is waited for; a given one may be away,
 * and then the api must not wait.
 */
async function migratedInTime(config: AllotConfig, { migrated }: Background): Promise<void> {
  if (config.databaseUrl === null) return await migrated;
  await Promise.race([migrated.catch(() => undefined), sleep(GIVEN_DATABASE_MS, undefined, { ref: false })]);
}

/** A failure reaches whoever awaits `ready`, and nobody else as an unhandled rejection. */
function withoutSurprise(background: Background): Background['ready'] {
  background.ready.catch(() => undefined);
  return background.ready;
}

async function listen(server: Server, config: AllotConfig): Promise<void> {
  server.listen(config.http.port, config.http.host);
  await once(server, 'listening');
}

function addressOf(server: Server, config: AllotConfig): string {
  const { port } = server.address() as AddressInfo;
  const host = config.http.host === '0.0.0.0' || config.http.host === '::' ? '127.0.0.1' : config.http.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}

async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // Requests in hand are answered; a client that never finishes does not keep the process.
  const hurry = setTimeout(() => server.closeAllConnections(), 5_000);
  await closed;
  clearTimeout(hurry);
}
