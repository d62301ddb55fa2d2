import type { AllotConfig } from '../../config/config.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Database } from '../../postgres/database.ts';
import { createStopSteps } from '../../observability/stop-steps.ts';
import { migrate } from '../../postgres/migrate.ts';
import type { Metrics } from '../../service/ports/metrics.ts';
import type { ApiKeyStore } from '../../service/ports/stores.ts';
import { createKey } from '../../service/registry/api-keys.ts';
import { ControllerThread } from '../../compose/controller-thread.ts';
import { startEventTransport } from '../../compose/event-transport.ts';
import { untilItWorks } from '../../compose/until-it-works.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';

export interface BackgroundOptions {
  readonly config: AllotConfig;
  readonly stores: AllStores;
  readonly journal: Journal;
  /** Tells the deciders to look at the database now. */
  readonly refresh: () => Promise<void>;
  readonly database: Database;
  readonly lookIntervalMs: number;
  readonly jobsAtOnce: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gives up what has not started yet. */
  readonly signal?: AbortSignal;
}

export interface Background {
  /** The schema is this version's. */
  readonly migrated: Promise<void>;
  readonly ready: Promise<{ readonly adminKey: string | null }>;
  stop(): Promise<void>;
}

/** Of the parts together, so that the stop of the whole keeps within its own bound. */
const MOST_STOP_MS = 8_000;

/**
 * Everything that needs the database: migration, first key, ingest, and the controller in its thread. Waits for it as long as it
 * takes.
 */
export function startBackground(options: BackgroundOptions): Background {
  const { logger } = options;
  const abort = new AbortController();
  const signal =
    options.signal === undefined ? abort.signal : AbortSignal.any([abort.signal, options.signal]);
  const steps = createStopSteps({ logger, totalMs: MOST_STOP_MS });
  const persist = <T>(what: string, work: () => Promise<T>): Promise<T> =>
    untilItWorks(work, signal, (error) => logger.warn({ error }, `${what} failed; trying again`));

  // Its modules are loaded while the schema is made.
  const controller = new ControllerThread({ ...options, databaseUrl: options.database.url });
  steps.onStop('controller', () => controller.stop());
  const migrated = persist('the migration', () => migrate(options.database.url, { signal })).then(
    () => undefined,
  );
  const run = async (): Promise<{ adminKey: string | null }> => {
    await migrated;
    const adminKey = await persist('the look for API keys', () => firstKey(options.stores.keys));
    const controlling = controller.begin();
    controlling.catch(() => undefined);
    const transport = await persist('the event transport', () =>
      startEventTransport({ ...options, events: options.stores.events, isIngestHere: true }),
    );
    steps.onStop('event transport', () => transport.stop());
    await controlling;
    await options.refresh().catch(() => undefined);
    return { adminKey };
  };

  const ready = run();
  // A failure reaches whoever awaits it, and nobody else as an unhandled rejection: a stop may come before anybody does.
  ready.catch(() => undefined);
  return {
    migrated,
    ready,
    async stop() {
      abort.abort();
      await Promise.all([steps.run(), ready.catch(() => undefined)]);
    },
  };
}

/** A store without any key gets an admin key, so that somebody can do the rest. */
async function firstKey(keys: ApiKeyStore): Promise<string | null> {
  if ((await keys.list(DEFAULT_TENANT)).length > 0) return null;
  const { key, record } = createKey({ tenant: DEFAULT_TENANT, role: 'admin' });
  await keys.add(record);
  return key;
}

const DEFAULT_TENANT = 'default';
