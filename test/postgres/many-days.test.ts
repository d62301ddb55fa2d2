import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { backUpDatabase } from '../../src/postgres/backup/back-up.ts';
import { restoreDatabase } from '../../src/postgres/backup/restore.ts';
import { createPool } from '../../src/postgres/database.ts';
import { runnableBinaries } from '../../src/postgres/embedded/binaries.ts';
import { initialise } from '../../src/postgres/embedded/initialise.ts';
import { dataArgument, openPlace } from '../../src/postgres/embedded/place.ts';
import { answers, clusterName, databaseUrl, stopPostmaster } from '../../src/postgres/embedded/postmaster.ts';
import { dayOfDecisionId } from '../../src/core/feedback/decision-id.ts';
import { mapErrors } from '../../src/postgres/errors.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { mintId, newTenant } from '../contracts/stores/support.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../support/events.ts';

/**
 * As PostgreSQL comes, but for a seventh of its backends: so is its table of locks, 64 for each of them, and the days of this test stand
 * for some thousand.
 */
const settings = {
  ...{ max_locks_per_transaction: 64, max_connections: 14, max_worker_processes: 0, max_wal_senders: 0 },
  ...{ wal_level: 'minimal', autovacuum_max_workers: 1, fsync: 'off' },
};
const DAYS = 250;

const folder = mkdtempSync(join(tmpdir(), 'allot-many-days-'));
let server: ChildProcess;
let pool: pg.Pool | undefined;
let url: string;
const database = (): pg.Pool => pool as pg.Pool;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

beforeAll(async () => {
  const place = openPlace(join(folder, 'postgres'));
  const binaries = runnableBinaries(place.user, () => undefined);
  await initialise(place, binaries);
  const port = await freePort();
  const { argument, cwd } = dataArgument(place.data);
  const given = {
    ...settings,
    cluster_name: clusterName(place),
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  };
  const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`]);
  server = spawn(join(binaries.folder, 'bin', 'postgres'), ['-D', argument, ...options], {
    ...{ cwd, stdio: 'ignore', ...place.user },
  });
  while (!(await answers(place, port))) await sleep(50);
  url = databaseUrl(place, port, 'allot');
  await migrate(url);
  pool = createPool(url);
}, 120_000);
afterAll(async () => {
  await pool?.end();
  if (server.pid !== undefined) await stopPostmaster(server.pid);
  rmSync(folder, { recursive: true, force: true });
});

it('stores a batch over more days than the server has locks for', { timeout: 120_000 }, async () => {
  const tenant = newTenant();
  const first = Date.UTC(2024, 0, 1);
  const events = Array.from({ length: DAYS }, (_, n) => {
    const decidedAt = first + n * 86_400_000;
    const decisionId = mintId(tenant, decidedAt);
    return [
      decisionEvent(n, { tenant, decidedAt, decisionId }),
      exposureEvent(n, { tenant, decisionId }),
      interactionEvent(n, { tenant, decisionId }),
    ];
  }).flat();
  const deadLetters = [{ receivedAt: first, reason: 'test', record: Buffer.from('poison') }];
  const days = events.map(({ decisionId }) => dayOfDecisionId(decisionId));
  const atOnce = mapErrors(() => database().query('select ensure_event_partitions($1::date[])', [days]));
  await expect(atOnce).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('raise its max_locks_per_transaction') as string,
  });
  const store = createPostgresStores(database()).events;
  const counts = { decisions: DAYS, exposures: DAYS, interactions: DAYS };
  const none = { decisions: 0, exposures: 0, interactions: 0 };
  expect(await store.write({ events: events.reverse(), deadLetters })).toEqual({
    ...{ inserted: counts, duplicates: none, forgotten: none, tooLate: none, deadLetters: 1 },
  });
  expect(await store.write({ events, deadLetters })).toEqual({
    ...{ inserted: none, duplicates: counts, forgotten: none, tooLate: none, deadLetters: 0 },
  });
});

/** The most locks that backups and restores are seen to hold while `work` runs. */
async function mostLocks<T>(work: Promise<T>): Promise<{ readonly locks: number; readonly result: T }> {
  let locks = 0;
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const { rows } = await database().query<{ locks: number }>(
        `select count(*)::integer as locks from pg_locks as l join pg_stat_activity as a using (pid)
         where a.application_name = 'allot-backup' and l.locktype = 'relation'`,
      );
      locks = Math.max(locks, rows[0].locks);
    }
  };
  const watching = watch();
  const result = await work.finally(() => (isOver = true));
  await watching;
  return { locks, result };
}

/** A decision with its exposure, in one transaction, on one day after the other, until `work` is over. */
async function whileWriting<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const tenant = newTenant();
  const store = createPostgresStores(database()).events;
  const write = async (): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      // Against the order in which a backup reads the days, so that a later look would see one without the other.
      const decidedAt = Date.UTC(2024, 0, 1) + (DAYS - 1 - (n % DAYS)) * 86_400_000 + n;
      const decisionId = mintId(tenant, decidedAt);
      const events = [
        decisionEvent(n, { tenant, decidedAt, decisionId }),
        exposureEvent(n, { tenant, decisionId }),
      ];
      await store.write({ events, deadLetters: [] });
    }
  };
  const writing = write();
  const result = await work.finally(() => (isOver = true));
  await writing;
  return result;
}

it(
  'backs up and restores more days than the server has locks for, as of one moment',
  { timeout: 120_000 },
  async () => {
    const backup = join(folder, 'backup');
    mkdirSync(backup);
    const { locks, result: manifest } = await mostLocks(
      whileWriting(backUpDatabase(url, backup, new Date(0))),
    );
    expect(locks).toBeGreaterThan(0);
    expect(locks).toBeLessThan(60);
    expect(manifest.days).toHaveLength(DAYS + 1);

    await database().query('create database restored');
    const other = new URL(url);
    other.pathname = '/restored';
    await migrate(other.href);
    const restored = createPool(other.href);
    try {
      const again = await mostLocks(restoreDatabase(other.href, backup, () => Promise.resolve()));
      expect(again.locks).toBeLessThan(3 * DAYS); // one for each table, without its indexes
      const { rows } = await restored.query(
        `select count(*) filter (where d.day is null)::integer as lonely, count(*)::integer as all
         from exposures as e full join decisions as d using (day, decision_id)`,
      );
      const stored = Object.fromEntries(manifest.tables.map((table) => [table.name, table.rows]));
      expect(stored['decisions']).toBeGreaterThanOrEqual(DAYS);
      expect(rows).toEqual([{ lonely: 0, all: stored['decisions'] }]);
      expect(stored['exposures']).toBe(stored['decisions']);
      expect(stored['interactions']).toBe(DAYS);
    } finally {
      await restored.end();
    }
  },
);
