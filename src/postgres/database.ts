import pg from 'pg';
import { startEmbeddedPostgres } from './embedded/supervisor.ts';

/** One polls or writes, one fetches an artifact, one more writes. */
const CONTROL_CONNECTIONS = 3;

/** A database in use; `close` ends the pools and, for the embedded one, leaves the server. Pools connect when they are used. */
export interface Database {
  readonly url: string;
  readonly pool: pg.Pool;
  /** For what is served and who may do what: reads that are slow hold neither a kill nor the poll of the deciders. */
  readonly controlPool: pg.Pool;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly applicationName?: string;
  readonly maxConnections?: number;
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

export interface DatabaseOptions extends PoolOptions {
  /** null: the embedded server in `directory`. */
  readonly url: string | null;
  readonly directory?: string;
  readonly log?: (message: string) => void;
}

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if (options.url !== null) return connect(options.url, options, async () => undefined);
  if (options.directory === undefined) throw new TypeError('openDatabase: a url or a directory');
  const server = await startEmbeddedPostgres({
    directory: options.directory,
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  return connect(server.url, options, () => server.stop());
}

function connect(url: string, options: PoolOptions, leave: () => Promise<void>): Database {
  const pool = createPool(url, options);
  const controlPool = createPool(url, { ...options, maxConnections: CONTROL_CONNECTIONS });
  const end = async (): Promise<void> => {
    await Promise.all([pool.end(), controlPool.end()]);
    await leave();
  };
  let closing: Promise<void> | undefined;
  return { url, pool, controlPool, close: () => (closing ??= end()) };
}

export function createPool(url: string, options: PoolOptions = {}): pg.Pool {
  const pool = new pg.Pool({ ...connectionSettings(url, options), max: options.maxConnections ?? 10 });
  // A connection that breaks, idle or in use, fails its next query; without listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/**
 * A frozen or black-holed server must look like a stopped one. Limits that the server keeps (statement, lock, idle)
 * end what it still does; those of the client (connect, query) end the wait for a server that says nothing.
 */
export function connectionSettings(url: string, options: PoolOptions = {}): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  return {
    connectionString: url,
    application_name: options.applicationName ?? 'allot',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 2_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  };
}
