import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Logger, runMigrations } from 'graphile-worker';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { connectionSettings, createPool } from './database.ts';
import { mapErrors } from './errors.ts';

/** Any number, the same for every Allot: whoever migrates waits for it. */
const LOCK = 4_715_229_201;

const silent = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/**
 * Brings a database to this version's schema, the job queue's included. Several may call it at once: node-pg-migrate
 * 8.0 gives up when another holds its lock, so the lock that waits is taken here. Resolves with what was applied. An abort cuts
 * the connection: the wait ends, a migration that was under way is rolled back.
 */
export async function migrate(
  url: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  signal?.throwIfAborted();
  return mapErrors(async () => {
    const client = new pg.Client({
      ...connectionSettings(url, { applicationName: 'allot-migrate', statementTimeoutMs: 600_000 }),
      lock_timeout: 300_000,
    });
    client.on('error', () => undefined);
    const interrupt = (): void => void client.end().catch(() => undefined);
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      await client.connect();
      await client.query('select pg_advisory_lock($1)', [LOCK]);
      const applied = await runner({
        dbClient: client,
        dir: migrationsFolder(),
        ignorePattern: '(?!.*\\.sql$).*|schema\\.sql',
        migrationsTable: 'migrations',
        direction: 'up',
        noLock: true,
        logger: silent,
      });
      await migrateJobQueue(url);
      return applied.map((m) => m.name);
    } finally {
      signal?.removeEventListener('abort', interrupt);
      await client.end().catch(() => undefined);
    }
  });
}

/** With a pool of ours: graphile-worker's own has no time-outs and is not waited for. */
async function migrateJobQueue(url: string): Promise<void> {
  const pool = createPool(url, { applicationName: 'allot-migrate', statementTimeoutMs: 600_000 });
  try {
    await runMigrations({ pgPool: pool, logger: quiet });
  } finally {
    await pool.end();
  }
}

export const quiet = new Logger(() => () => undefined);

/** `migrations/` of the repository, or its copy in `dist/`. */
export function migrationsFolder(): string {
  const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
  if (!existsSync(folder)) throw new Error(`no migrations at ${folder}`);
  return folder;
}
