import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/postgres/database.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { createServing } from '../../src/service/serving/serving.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { actorOf, artifact, feedSurface, newTenant } from '../contracts/stores/support.ts';
import { testSecrets } from '../support/api-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createMemoryJournal } from '../support/memory-journal.ts';

let own: TestDatabase;
let database: Database;
beforeAll(async () => {
  own = await createTestDatabase();
  database = await openDatabase({ url: own.url, applicationName: 'slow', connectTimeoutMs: 1_000 });
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

it('a kill is written, read and confirmed while slow reads hold every other connection', async () => {
  const { control, surfaces } = createPostgresStores(database.pool, database.controlPool);
  const tenant = newTenant();
  await surfaces.declare(feedSurface(), actorOf(tenant));
  const serving = createServing({
    control,
    lastGood: { save: () => Promise.resolve(), load: () => Promise.resolve(null) },
    journal: createMemoryJournal(),
    secrets: testSecrets,
    clock: Date.now,
    metrics: noMetrics,
    logger: silentLogger,
    replicaId: 'one',
  });
  await serving.start();
  let ended = 0;
  const reads = Array.from({ length: database.pool.options.max }, () =>
    database.pool
      .query('select pg_sleep(60)')
      .catch(() => undefined)
      .finally(() => (ended += 1)),
  );
  const sleeping = `select from pg_stat_activity where application_name = 'slow' and query like '%pg_sleep%' and state = 'active'`;
  await expect
    .poll(async () => (await own.pool.query(sleeping)).rowCount, { timeout: 10_000 })
    .toBe(reads.length);

  await surfaces.setKilled('live-feed', true, actorOf(tenant));
  await serving.refresh();
  expect(serving.snapshot?.tenants.get(tenant)?.surfaces.get('live-feed')?.isKilled).toBe(true);
  const revision = await control.revision();
  expect(await serving.confirmations()).toEqual({
    servedRevision: revision,
    confirmed: [{ replica: 'one', revision }],
    behind: [],
  });
  expect(ended).toBe(0);

  await own.pool.query(sleeping.replace('select', 'select pg_cancel_backend(pid)'));
  await Promise.all(reads);
  await serving.stop();
});

it('a kill waits for no artifact that is being stored', async () => {
  const { policies, surfaces } = createPostgresStores(database.pool, database.controlPool);
  const tenant = newTenant();
  await surfaces.declare(feedSurface(), actorOf(tenant));
  const slow = await own.pool.connect();
  await slow.query('begin; lock table artifacts in exclusive mode');
  let isStored = false;
  const publishing = policies
    .publish({ surface: 'live-feed', ...artifact(1) }, actorOf(tenant))
    .finally(() => (isStored = true));
  const waiting = `select from pg_stat_activity where application_name = 'slow' and wait_event_type = 'Lock'`;
  await expect.poll(async () => (await own.pool.query(waiting)).rowCount).toBe(1);
  await surfaces.setKilled('live-feed', true, actorOf(tenant));
  expect(isStored).toBe(false);
  await slow.query('rollback');
  slow.release();
  expect((await publishing).version).toBe('live-feed@1');
});
