import { afterAll, beforeAll, expect, it } from 'vitest';
import { forgetUnit } from '../../src/postgres/forget-unit.ts';
import { searchEverywhere } from '../../src/postgres/search-everywhere.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { actorOf, experiment, feedSurface, mintId, newTenant } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent, exposureEvent } from '../support/events.ts';

const AT = Date.UTC(2026, 4, 6, 12);
let database: TestDatabase;
let stores: ReturnType<typeof createPostgresStores>;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
});
afterAll(() => database.drop());

const search = async (tenant: string, unitId: string, decisionIds: readonly string[] = []) =>
  (await searchEverywhere(database.pool, { tenant, unitNames: [unitId], decisionIds })).map(
    ({ where }) => where,
  );

async function revision(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    'select revision::integer as n from control_revision',
  );
  return rows[0].n;
}

/** The unit's decision and poison record, in an experiment that has it on a side by hand. */
async function everywhere(tenant: string, unitId: string): Promise<string> {
  const decisionId = mintId(tenant, AT);
  await stores.surfaces.declare(feedSurface(), actorOf(tenant));
  const forced = { forcedUnits: { [unitId]: 'control', other: 'treatment' } };
  await stores.experiments.create(experiment('42', { state: 'running', ...forced }), actorOf(tenant));
  await stores.events.write({
    events: [
      decisionEvent(0, {
        ...{ tenant, unitId, decisionId, decidedAt: AT, requestId: '42', sessionId: '42' },
        ...{ experiment: '42', variant: 'control', block: null },
      }),
      exposureEvent(0, { tenant, decisionId, eventId: '42' }),
    ],
    deadLetters: [letter({ tenant, unitId }), letter({ tenant, decisionId, x: unitId })],
  });
  await stores.experimentUnits.readArrivals(tenant, '42');
  return decisionId;
}
const letter = (record: unknown) => ({
  receivedAt: AT,
  reason: 'test',
  record: Buffer.from(JSON.stringify({ v: 9, hour: 42, ...(record as object) })),
});

it.each(['42', 'a"b', 'back\\slash', 'tab\tand\nline', 'person-77', 'Jürgen 🎈'])(
  'finds %j in every kind of column, and after it is forgotten nothing, whoever else has the name',
  async (unitId) => {
    const [tenant, other] = [newTenant(), newTenant()];
    const decisionId = await everywhere(tenant, unitId);
    await everywhere(other, unitId);
    const left = ['decisions.unit_id', 'decisions.event', 'experiment_units.unit_id', 'dead_letters.record'];
    expect(await search(tenant, unitId)).toEqual(
      expect.arrayContaining([...left, 'experiments.definition']) as never,
    );
    expect(await search(tenant, 'nobody', [decisionId])).toEqual([
      'dead_letters.record',
      'decisions.decision_id',
      'exposures.decision_id',
    ]);
    const before = await revision();
    const gone = await forgetUnit(database.pool, { tenant, unitId, actor: 'cli', isDryRun: false });
    expect(gone).toMatchObject({ decisions: 1, exposures: 1, deadLetters: 2, forcedIn: 1 });
    expect((await stores.experiments.find(tenant, '42'))?.forcedUnits).toEqual({ other: 'treatment' });
    expect(await revision()).toBe(before + 1);
    expect((await stores.audit.list(tenant, 2)).map(({ action }) => action)).toEqual([
      'unit.forget',
      'experiment.forget-unit',
    ]);
    // A neighbour whose events hold the same word where it names something else.
    await stores.events.write({
      events: [decisionEvent(1, { tenant, unitId: 'u', decisionId: mintId(tenant, AT), requestId: unitId })],
      deadLetters: [],
    });
    expect(await search(tenant, unitId, [decisionId])).toEqual([]);
    expect(await search(other, unitId)).toEqual(expect.arrayContaining(left) as never);
  },
);

it('finds a name that is long enough inside a sentence', async () => {
  const tenant = newTenant();
  await stores.surfaces.declare(feedSurface(), actorOf(tenant, 'complaint of person-77, see 42'));
  expect(await search(tenant, 'person-77')).toEqual(['audit_log.reason']);
  expect(await search(tenant, 'person-7')).toEqual([]);
  expect(await search(tenant, '42')).toEqual([]);
});
