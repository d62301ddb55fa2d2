import { join } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import type { Logger } from '../../observability/logger.ts';
import { createApiKeyStore } from '../../postgres/api-key-store.ts';
import { createAuditLog } from '../../postgres/audit-log.ts';
import { createControlReader } from '../../postgres/control-reader.ts';
import { openDatabase, type Database } from '../../postgres/database.ts';
import { createDeadLetterStore } from '../../postgres/dead-letter-store.ts';
import { createDecisionReader } from '../../postgres/decision-reader.ts';
import { startEmbeddedPostgres } from '../../postgres/embedded/supervisor.ts';
import { createEventStore } from '../../postgres/event-store.ts';
import { createExperimentStore } from '../../postgres/experiment-store.ts';
import { createForecastStore } from '../../postgres/forecast-store.ts';
import { createJobQueue } from '../../postgres/job-queue.ts';
import { migrate } from '../../postgres/migrate.ts';
import { createPolicyStore } from '../../postgres/policy-store.ts';
import { createRunStore } from '../../postgres/run-store.ts';
import { createSurfaceStore } from '../../postgres/surface-store.ts';
import type { ControlReader } from '../../service/ports/control.ts';
import type { ForecastStore, JobQueue, RunStore } from '../../service/ports/runs.ts';
import type {
  ApiKeyStore,
  AuditLog,
  DeadLetterStore,
  DecisionReader,
  EventStore,
  ExperimentStore,
  PolicyStore,
  SurfaceStore,
} from '../../service/ports/stores.ts';

/** Every port that Postgres implements, over one pool. */
export interface Stores {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly experiments: ExperimentStore;
  readonly events: EventStore;
  readonly decisions: DecisionReader;
  readonly runs: RunStore;
  readonly forecasts: ForecastStore;
  readonly audit: AuditLog;
  readonly apiKeys: ApiKeyStore;
  readonly deadLetters: DeadLetterStore;
  readonly control: ControlReader;
  readonly jobs: JobQueue;
}

export interface OpenStores {
  readonly stores: Stores;
  /** For child processes and for connections that must be direct (LISTEN, advisory locks). */
  readonly databaseUrl: string;
  readonly database: Database;
  /** Closes the pool, and the embedded server where this call started it. */
  close(): Promise<void>;
}

/** Opens all stores: on `DATABASE_URL` where it is set, else on the embedded server in the data directory. */
export async function openStores(config: AllotConfig, logger: Logger): Promise<OpenStores> {
  const server = await serverOf(config, logger);
  try {
    await migrate(server.url);
    const database = await openDatabase({ url: server.url });
    return {
      stores: storesOn(database),
      databaseUrl: server.url,
      database,
      async close() {
        await database.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The ports over a pool that may still be unreachable: nothing here connects. */
export function storesOn({ pool, url }: Database): Stores {
  return {
    surfaces: createSurfaceStore(pool),
    policies: createPolicyStore(pool),
    experiments: createExperimentStore(pool),
    events: createEventStore(pool),
    decisions: createDecisionReader(pool),
    runs: createRunStore(pool),
    forecasts: createForecastStore(pool),
    audit: createAuditLog(pool),
    apiKeys: createApiKeyStore(pool),
    deadLetters: createDeadLetterStore(pool),
    control: createControlReader(pool),
    jobs: createJobQueue(url),
  };
}

export async function serverOf(
  config: AllotConfig,
  logger: Logger,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, stop: () => Promise.resolve() };
  return await startEmbeddedPostgres({
    directory: join(config.dataDir, 'postgres'),
    log: (message) => logger.debug({}, message),
  });
}
