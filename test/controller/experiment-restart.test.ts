import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExperimentWatch } from '../../src/controller/experiment-watch.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { createExperimentAnalysis } from '../../src/service/experiment-analysis/experiment-analysis.ts';
import type { AllStores } from '../../src/service/ports/all-stores.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { blocksAfter, createTenant, rounds, type RoundName } from './support/rounds.ts';

const LATER = Date.now() + 3_600_000;

let database: TestDatabase;
let stores: AllStores;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
});
afterAll(() => database.drop());

async function tenantWith(name: RoundName): Promise<string> {
  const tenant = `t${String(tenants++)}`;
  await createTenant(stores, name, tenant);
  return tenant;
}
let tenants = 0;

class Killed extends Error {}

/** Every write of a round goes through here: the process "dies" before or after the n-th of them. */
function mortal(killAt: number, when: 'before' | 'after'): { stores: AllStores; writes: () => number } {
  let writes = 0;
  let isDead = false;
  const guard =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (isDead) throw new Killed();
      const isLast = writes++ === killAt;
      isDead ||= isLast;
      if (isLast && when === 'before') throw new Killed();
      const result = await write(...args);
      if (isLast) throw new Killed();
      return result;
    };
  const { experiments, experimentUnits: units, forecasts } = stores;
  return {
    writes: () => writes,
    stores: {
      ...stores,
      experiments: {
        ...experiments,
        recordLook: guard(experiments.recordLook),
        transition: guard(experiments.transition),
      },
      experimentUnits: { ...units, readArrivals: guard(units.readArrivals), enter: guard(units.enter) },
      forecasts: { ...forecasts, save: guard(forecasts.save) },
    },
  };
}

const watchOf = (of: AllStores, tenant: string) =>
  createExperimentWatch({
    ...of,
    control: {
      load: async () => {
        const state = await of.control.load();
        return { ...state, surfaces: state.surfaces.filter((row) => row.tenant === tenant) };
      },
    },
    analysis: createExperimentAnalysis(of),
    clock: () => LATER,
    logger: silentLogger,
    metrics: noMetrics,
  });

const outcome = async (tenant: string) => {
  const found = await stores.experiments.find(tenant, 'e1');
  const [look] = await createExperimentAnalysis(stores).look(tenant, found!, LATER);
  return {
    state: found!.state,
    blocks: found!.blocks.length,
    units: look.units,
    assigned: look.assignedUnits,
  };
};

describe('a controller that is killed between any two of its writes', () => {
  it.each(Object.keys(rounds) as RoundName[])(
    'carries on from what is stored: %s',
    { timeout: 90_000 },
    async (name) => {
      const undisturbed = await tenantWith(name);
      const counted = mortal(Infinity, 'after');
      await watchOf(counted.stores, undisturbed)();
      await watchOf(stores, undisturbed)();
      const expected = await outcome(undisturbed);
      expect(expected).toMatchObject({ state: rounds[name].ends, blocks: blocksAfter(name) });
      const isPaused = rounds[name].does === null && counted.writes() === 0;
      expect(isPaused || counted.writes() >= 3).toBe(true);
      // Dying after a write is dying before the next one; only the last has no next.
      for (let killAt = 0; killAt <= counted.writes(); killAt++) {
        const isLast = killAt === counted.writes();
        const tenant = await tenantWith(name);
        await watchOf(mortal(isLast ? killAt - 1 : killAt, isLast ? 'after' : 'before').stores, tenant)();
        await watchOf(stores, tenant)();
        await watchOf(stores, tenant)();
        expect(await outcome(tenant)).toEqual(expected);
      }
    },
  );

  it('writes nothing more once another one leads', async () => {
    const tenant = await tenantWith('running, rolling back');
    await database.pool.query(
      `insert into leader_epochs (name, epoch, holder) values ('controller', 2, 'other')`,
    );
    await watchOf(stores, tenant)({ name: 'controller', epoch: 1 });
    expect((await stores.experiments.find(tenant, 'e1'))!.state).toBe('running');
    expect((await stores.experiments.looks(tenant, 'e1', { limit: 10 })).looks).toEqual([]);
    await watchOf(stores, tenant)({ name: 'controller', epoch: 2 });
    expect((await stores.experiments.find(tenant, 'e1'))!.state).toBe('rolled-back');
  });
});
