import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExperimentWatch } from '../../src/controller/experiment-watch.ts';
import type { Experiment } from '../../src/core/experiment/experiment.ts';
import { defaultMetrics, planOf, type PlannedMetric } from '../../src/core/experiment/plan.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { createExperimentAnalysis } from '../../src/service/experiment-analysis/experiment-analysis.ts';
import type { AllStores } from '../../src/service/ports/all-stores.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { experimentSurface as surface, experimentTraffic } from '../support/experiment-traffic.ts';

const NOON = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 43_200_000;
const LATER = Date.now() + 3_600_000;

let database: TestDatabase;
let stores: AllStores;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
});
afterAll(() => database.drop());

const [main] = defaultMetrics(surface);
const passing: PlannedMetric = { ...main, rule: { kind: 'limit', direction: 'at-least', threshold: -1e9 } };
const open: PlannedMetric = { ...main, rule: { kind: 'not-worse', better: 'higher', margin: 1e-9 } };
const failing: PlannedMetric = {
  ...main,
  name: 'hopeless',
  role: 'guardrail',
  rule: { kind: 'limit', direction: 'at-most', threshold: -1e9 },
};
const step = { minSeconds: 0, minUnits: 10 };
const ramp = { steps: [0.3, 0.5].map((trafficShare) => ({ trafficShare, ...step })) };

/** Where a round must end, however often it was interrupted. */
const rounds = {
  'running, ramping': { change: { plan: { ramp, metrics: [open] } }, ends: 'running', blocks: 2 },
  'running, rolling back': { change: { plan: { metrics: [open, failing] } }, ends: 'rolled-back', blocks: 1 },
  'running, pausing': {
    change: { plan: { metrics: [open, { ...failing, role: 'signal' as const }] } },
    ends: 'paused',
    blocks: 1,
  },
  'running, deciding': { change: { plan: { metrics: [passing] } }, ends: 'decided', blocks: 1 },
  'decided, rolling back': {
    change: { state: 'decided' as const, plan: { metrics: [open, failing] } },
    ends: 'rolled-back',
    blocks: 1,
  },
  paused: { change: { state: 'paused' as const, plan: { metrics: [failing] } }, ends: 'paused', blocks: 1 },
  decided: {
    change: { state: 'decided' as const, plan: { metrics: [passing] } },
    ends: 'decided',
    blocks: 1,
  },
} as const;

async function tenantWith(change: (typeof rounds)[keyof typeof rounds]['change']): Promise<string> {
  const tenant = `t${String(tenants++)}`;
  const actor = { tenant, id: 'test' };
  const base: Experiment = {
    id: 'e1',
    surface: surface.name,
    name: 'e1',
    state: 'running',
    salt: 's',
    layer: 'default',
    holdoutShare: 0,
    variants: [
      { name: 'control', role: 'control', policyVersion: 'a' },
      { name: 'treatment', role: 'treatment', policyVersion: 'b' },
    ],
    blocks: [{ index: 0, fromBucket: 0, toBucket: 3000, openedAt: NOON }],
    level: 0.95,
  };
  const health = { onFailure: 'hold', noTrafficSeconds: 1e9, alpha: 0.001 } as const;
  const plan = { ...planOf(base, surface), minUnits: 12, health, ...change.plan };
  await stores.surfaces.declare(surface, actor);
  await stores.experiments.create({ ...base, ...change, plan }, actor);
  const log = experimentTraffic({ tenant, experiment: 'e1', units: 30, startAt: NOON, treated: 0.5 });
  await stores.events.write({ events: log, deadLetters: [] });
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
  it.each(Object.entries(rounds))(
    'carries on from what is stored: %s',
    { timeout: 90_000 },
    async (_, round) => {
      const undisturbed = await tenantWith(round.change);
      const counted = mortal(Infinity, 'after');
      await watchOf(counted.stores, undisturbed)();
      await watchOf(stores, undisturbed)();
      const expected = await outcome(undisturbed);
      expect(expected).toMatchObject({ state: round.ends, blocks: round.blocks });
      const isPaused = round.ends === 'paused' && counted.writes() === 0;
      expect(isPaused || counted.writes() >= 3).toBe(true);
      // Dying after a write is dying before the next one; only the last has no next.
      for (let killAt = 0; killAt <= counted.writes(); killAt++) {
        const isLast = killAt === counted.writes();
        const tenant = await tenantWith(round.change);
        await watchOf(mortal(isLast ? killAt - 1 : killAt, isLast ? 'after' : 'before').stores, tenant)();
        await watchOf(stores, tenant)();
        await watchOf(stores, tenant)();
        expect(await outcome(tenant)).toEqual(expected);
      }
    },
  );

  it('writes nothing more once another one leads', async () => {
    const tenant = await tenantWith(rounds['running, rolling back'].change);
    await database.pool.query(
      `insert into leader_epochs (name, epoch, holder) values ('controller', 2, 'other')`,
    );
    await watchOf(stores, tenant)({ name: 'controller', epoch: 1 });
    expect((await stores.experiments.find(tenant, 'e1'))!.state).toBe('running');
    expect(await stores.experiments.looks(tenant, 'e1')).toEqual([]);
    await watchOf(stores, tenant)({ name: 'controller', epoch: 2 });
    expect((await stores.experiments.find(tenant, 'e1'))!.state).toBe('rolled-back');
  });
});
