import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { actorOf, experiment, feedSurface, mintId, newTenant } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent } from '../support/events.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

it('reading never passes a writer that has not committed, however long its commit takes', async () => {
  const tenant = newTenant();
  const stores = createPostgresStores(database.pool);
  await stores.surfaces.declare(feedSurface(), actorOf(tenant));
  await stores.experiments.create(experiment('e1', { state: 'running' }), actorOf(tenant));
  const decision = (unitId: string) => {
    const decisionId = mintId(tenant, Date.UTC(2026, 4, 6, 12));
    return decisionEvent(0, { tenant, unitId, decisionId, experiment: 'e1', variant: 'control', block: 0 });
  };
  const units = async (): Promise<number> =>
    (await stores.experimentUnits.arrivals(tenant, 'e1')).reduce((sum, row) => sum + row.units, 0);
  const readUntil = async (): Promise<Date> => {
    const { rows } = await database.pool.query<{ read_until: Date }>(
      'select read_until from experiment_cursors where tenant = $1',
      [tenant],
    );
    return rows[0].read_until;
  };
  await stores.events.write({ events: [decision('quick')], deadLetters: [] });
  const slow = await database.pool.connect();
  try {
    // As ingest writes, in a transaction whose commit hangs.
    await slow.query('begin');
    await slow.query('lock table only decisions in row exclusive mode');
    const { rows } = await slow.query<{ began: Date }>('select now() as began');
    await stores.experimentUnits.readArrivals(tenant, 'e1');
    expect(await units()).toBe(1);
    expect((await readUntil()).getTime()).toBeLessThanOrEqual(rows[0].began.getTime());
    await slow.query('commit');
    await stores.experimentUnits.readArrivals(tenant, 'e1');
    expect((await readUntil()).getTime()).toBeGreaterThan(rows[0].began.getTime());
  } finally {
    slow.release();
  }
});
