import { join } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import type { Logger } from '../../observability/logger.ts';
import { openDatabase, type Database } from '../../postgres/database.ts';
import { startEmbeddedPostgres } from '../../postgres/embedded/supervisor.ts';
import { migrate } from '../../postgres/migrate.ts';
import { createPostgresStores } from '../../postgres/stores.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';

export interface OpenStores {
  readonly stores: AllStores;
  /** For child processes and for connections that must be direct (LISTEN, advisory locks). */
  readonly databaseUrl: string;
  readonly database: Database;
  /** Closes the pool and leaves the embedded server, which stops when nobody else uses it. */
  close(): Promise<void>;
}

/** Opens all stores on `DATABASE_URL` where it is set, else on the embedded server in the data directory; migrates. */
export async function openStores(config: AllotConfig, logger: Logger): Promise<OpenStores> {
  const server = await serverOf(config, logger);
  try {
    await migrate(server.url);
    const database = await openDatabase({ url: server.url });
    return {
      stores: createPostgresStores(database.pool, database.controlPool),
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

export async function serverOf(
  config: AllotConfig,
  logger: Logger,
  signal?: AbortSignal,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, stop: () => Promise.resolve() };
  return await startEmbeddedPostgres({
    directory: join(config.dataDir, 'postgres'),
    log: (message) => logger.debug({}, message),
    ...(signal === undefined ? {} : { signal }),
  });
}
