import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPool } from '../../src/postgres/database.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { actorOf, feedSurface, newTenant } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

it('hears of changes again after its connection was cut', async () => {
  const pool = createPool(database.url, { applicationName: 'watched' });
  let hints = 0;
  const watch = await createPostgresStores(pool).control.watch(() => (hints += 1));
  await expect.poll(() => hints, { timeout: 20_000 }).toBe(1); // connected: look now
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watched'`,
  );
  await expect.poll(() => hints, { timeout: 20_000 }).toBe(2); // connected again: look now
  const { surfaces } = createPostgresStores(database.pool);
  await surfaces.declare(feedSurface(), actorOf(newTenant()));
  await expect.poll(() => hints, { timeout: 20_000 }).toBe(3);
  await watch.stop();
  await pool.end();
});

it('resolves at once and stops in peace where there is no server', async () => {
  const pool = createPool('postgres://a@127.0.0.1:1/b');
  let hints = 0;
  const watch = await createPostgresStores(pool).control.watch(() => (hints += 1));
  await watch.stop();
  expect(hints).toBe(0);
  await pool.end();
});
