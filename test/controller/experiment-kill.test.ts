import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import type { AllStores } from '../../src/service/ports/all-stores.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Controllers, holdLock } from './support/controllers.ts';
import {
  blocksAfter,
  createTenant,
  forecastTreatment,
  NOON,
  rounds,
  UNITS,
  type RoundName,
} from './support/rounds.ts';

/**
 * Where a controller dies: a lock that the test holds stops it right there. `looks`: how many looks with the action it then
 * takes two controllers to store, because the first had stored its own already.
 */
const deaths = {
  'before it has counted arrivals': {
    lock: `insert into experiment_cursors (tenant, experiment, read_until) values ($tenant, 'e1', '-infinity')`,
    looks: 1,
  },
  'while units enter': {
    lock: `insert into experiment_cells (tenant, experiment, variant, block, day, is_held_out, statistics)
           values ($tenant, 'e1', 'treatment', 0, $day, false, '{}')`,
    looks: 1,
  },
  'before the look is stored': {
    lock: `insert into experiment_looks (tenant, experiment, number, looked_by, look) values ($tenant, 'e1', 1, 'test', '{}')`,
    looks: 1,
  },
  'between the look and the action': {
    lock: `select from forecasts where tenant = $tenant for update`,
    looks: 2,
  },
  'while the action is written': { lock: `select from control_revision for update`, looks: 2 },
  'after the action': { lock: null, looks: 1 },
} as const;

type Death = keyof typeof deaths;

/** Every place for one action, then places around the action for all others. */
const kills: readonly (readonly [RoundName, Death])[] = [
  ...(Object.keys(deaths) as Death[]).map((death) => ['running, rolling back', death] as const),
  ['running, waiting', 'between the look and the action'],
  ['running, ramping', 'between the look and the action'],
  ['running, ramping', 'while the action is written'],
  ['running, pausing', 'while the action is written'],
  ['running, deciding', 'while the action is written'],
  ['decided, rolling back', 'between the look and the action'],
  ['decided', 'before the look is stored'],
];

let database: TestDatabase;
let stores: AllStores;
let controllers: Controllers;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
  controllers = new Controllers(database);
  // Nothing is to be done to these, whoever leads.
  await createTenant(stores, 'running, rolling back', 'a-draft', 'draft');
  await createTenant(stores, 'running, rolling back', 'a-stopped', 'stopped');
  await createTenant(stores, 'running, rolling back', 'a-rolled-back', 'rolled-back');
  await createTenant(stores, 'paused', 'a-paused');
  await controllers.start();
});
afterAll(async () => {
  await controllers.stop();
  await database.drop();
});

/** What controllers have done to a tenant's experiment. */
async function doneTo(tenant: string) {
  const experiment = await stores.experiments.find(tenant, 'e1');
  const { looks } = await stores.experiments.looks(tenant, 'e1', { limit: 1000 });
  const cells = await stores.experimentUnits.cells(tenant, 'e1');
  const trail = await stores.audit.list(tenant, 1000);
  return {
    state: experiment?.state,
    blocks: experiment?.blocks.length,
    looks,
    units: cells.reduce((sum, { statistics }) => sum + statistics.units, 0),
    transitions: trail.filter(
      ({ actor, action }) => actor === 'controller' && action === 'experiment.transition',
    ).length,
  };
}

const count = (looks: readonly Readonly<Record<string, unknown>>[], action: string): number =>
  looks.filter((look) => look['action'] === action).length;

async function prepare(name: RoundName): Promise<string> {
  const tenant = `t${String(tenants++).padStart(2, '0')}`;
  await createTenant(stores, name, tenant, 'draft');
  await forecastTreatment(stores, tenant);
  // As if the events had been stored before their windows closed.
  await database.pool.query(
    `update decisions set stored_at = stored_at - interval '1 minute' where tenant = $1`,
    [tenant],
  );
  return tenant;
}
let tenants = 0;

/** Straight in the table: what a person would do here is not what is tested, and another lock may be held. */
const setState = (tenant: string, state: string) =>
  database.pool.query(
    `update experiments set state = $2, definition = jsonb_set(definition, '{state}', to_jsonb($2::text)) where tenant = $1`,
    [tenant, state],
  );

async function dieAt(death: Death, tenant: string, name: RoundName): Promise<void> {
  const { lock } = deaths[death];
  const { from, does } = rounds[name];
  if (lock === null) {
    await setState(tenant, from);
    await controllers.until(`${tenant}: ${does}`, async () => (await doneTo(tenant)).transitions === 1);
    await controllers.killLeader();
    return;
  }
  const day = new Date(NOON).toISOString().slice(0, 10);
  const held = await holdLock(
    database.url,
    lock.replace('$tenant', `'${tenant}'`).replace('$day', `'${day}'`),
  );
  try {
    await setState(tenant, from);
    await controllers.untilBlocked();
    await controllers.killLeader();
  } finally {
    await held.release();
  }
}

describe('a controller process that is killed', () => {
  const survived: { readonly tenant: string; readonly name: RoundName; readonly death: Death }[] = [];

  it.each(kills)(
    'is followed by one that does once what is to be done: %s, killed %s',
    { timeout: 90_000 },
    async (name, death) => {
      const { does, ends } = rounds[name];
      const tenant = await prepare(name);
      await dieAt(death, tenant, name);
      const [before, looksBefore] = [await doneTo(tenant), deaths[death].looks === 2 ? 1 : 0];
      if (death !== 'after the action') {
        expect(before).toMatchObject({ state: rounds[name].from, blocks: 1, transitions: 0 });
        expect(before.looks).toHaveLength(looksBefore);
      }
      await controllers.succeed();
      await controllers.until(`${tenant}: ${ends} after ${does}`, async () => {
        const now = await doneTo(tenant);
        const isDone = now.state === ends && now.transitions >= (does === 'wait' ? 0 : 1);
        return isDone && count(now.looks, does ?? '') >= deaths[death].looks;
      });
      const after = await doneTo(tenant);
      expect(after).toMatchObject({ state: ends, blocks: blocksAfter(name), units: UNITS });
      expect(after.transitions).toBe(does === 'wait' ? 0 : 1);
      if (does !== 'wait') expect(count(after.looks, does ?? '')).toBe(deaths[death].looks);
      survived.push({ tenant, name, death });
    },
  );

  it('leaves nothing that a later one does again, and nothing at all to drafts, paused and ended ones', async () => {
    expect(survived).toHaveLength(kills.length);
    for (const { tenant, name, death } of survived) {
      const { does, ends } = rounds[name];
      const now = await doneTo(tenant);
      expect(now).toMatchObject({ state: ends, blocks: blocksAfter(name), units: UNITS });
      expect(now.transitions).toBe(does === 'wait' ? 0 : 1);
      if (does !== 'wait') expect(count(now.looks, does ?? '')).toBe(deaths[death].looks);
      // Two controllers at once would look twice at the same time.
      expect(new Set(now.looks.map((look) => look['at'])).size).toBe(now.looks.length);
      const isLookedAt = ends === 'running' || ends === 'decided';
      if (!isLookedAt) expect(now.looks).toHaveLength(deaths[death].looks);
    }
    for (const state of ['draft', 'stopped', 'rolled-back', 'paused'] as const)
      expect(await doneTo(`a-${state}`)).toMatchObject({ state, blocks: 1, looks: [], transitions: 0 });
  });
});
