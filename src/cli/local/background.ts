import type { AllotConfig } from '../../config/config.ts';
import { childEnvironment } from '../../config/env.ts';
import { startController } from '../../controller/controller.ts';
import {
  startPartitionMaintenance,
  type MaintenanceOptions,
} from '../../controller/partition-maintenance.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../observability/logger.ts';
import { startJobWorker } from '../../postgres/job-queue.ts';
import { startLeadership } from '../../postgres/leader.ts';
import { migrate } from '../../postgres/migrate.ts';
import type { Metrics } from '../../service/ports/metrics.ts';
import type { ApiKeyStore } from '../../service/ports/stores.ts';
import { createKey } from '../../service/registry/api-keys.ts';
import { startEventTransport } from '../../compose/event-transport.ts';
import { untilItWorks } from '../../compose/until-it-works.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';

export interface BackgroundOptions {
  readonly config: AllotConfig;
  readonly databaseUrl: string;
  readonly stores: AllStores;
  readonly journal: Journal;
  /** Tells the deciders to look at the database now. */
  readonly refresh: () => Promise<void>;
  readonly makePartitionsAhead: MaintenanceOptions['makeAhead'];
  readonly lookIntervalMs: number;
  readonly jobsAtOnce: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Background {
  /** The schema is this version's. */
  readonly migrated: Promise<void>;
  readonly ready: Promise<{ readonly adminKey: string | null }>;
  stop(): Promise<void>;
}

/** Everything that needs the database: migration, first key, ingest, controller. Waits for it as long as it takes. */
export function startBackground(options: BackgroundOptions): Background {
  const { logger } = options;
  const abort = new AbortController();
  const started: (() => Promise<void>)[] = [];
  const persist = <T>(what: string, work: () => Promise<T>): Promise<T> =>
    untilItWorks(work, abort.signal, (error) => logger.warn({ error }, `${what} failed; trying again`));

  const migrated = persist('the migration', () => migrate(options.databaseUrl)).then(() => undefined);
  const run = async (): Promise<{ adminKey: string | null }> => {
    await migrated;
    const adminKey = await persist('the look for API keys', () => firstKey(options.stores.keys));
    const controller = await persist('the controller', () => startLocalController(options));
    started.push(() => controller.stop());
    const maintenance = startPartitionMaintenance({
      ...options,
      makeAhead: options.makePartitionsAhead,
      clock: Date.now,
    });
    started.push(() => maintenance.stop());
    const transport = await persist('the event transport', () =>
      startEventTransport({ ...options, events: options.stores.events, isIngestHere: true }),
    );
    started.push(() => transport.stop());
    await options.refresh().catch(() => undefined);
    return { adminKey };
  };

  const ready = run();
  return {
    migrated,
    ready,
    async stop() {
      abort.abort();
      await ready.catch(() => undefined);
      for (const stop of started.splice(0).reverse()) await stop();
    },
  };
}

async function startLocalController(options: BackgroundOptions) {
  const { config, databaseUrl, stores, lookIntervalMs, logger, metrics } = options;
  const leadership = await startLeadership({ url: databaseUrl, name: 'controller' });
  try {
    return await startController({
      stores,
      leadership,
      startWorker: (run) => startJobWorker({ url: databaseUrl, run, concurrency: options.jobsAtOnce }),
      jobEnvironment: childEnvironment(config, databaseUrl),
      lookIntervalMs,
      clock: Date.now,
      logger,
      metrics,
    });
  } catch (error) {
    await leadership.stop();
    throw error;
  }
}

/** A store without any key gets an admin key, so that somebody can do the rest. */
async function firstKey(keys: ApiKeyStore): Promise<string | null> {
  if ((await keys.list(DEFAULT_TENANT)).length > 0) return null;
  const { key, record } = createKey({ tenant: DEFAULT_TENANT, role: 'admin' });
  await keys.add(record);
  return key;
}

const DEFAULT_TENANT = 'default';
