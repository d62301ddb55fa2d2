import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExperimentWatch } from '../../src/controller/experiment-watch.ts';
import { noShadowScore } from '../../src/core/experiment/shadow-score.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { type Leadership, startLeadership } from '../../src/postgres/leader.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { createExperimentAnalysis } from '../../src/service/experiment-analysis/experiment-analysis.ts';
import type { AllStores } from '../../src/service/ports/all-stores.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import type { Fence } from '../../src/service/ports/stores.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createShadowWatch } from '../../src/service/shadow/shadow-watch.ts';
import { createTenant, forecastTreatment } from '../controller/support/rounds.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { experimentSurface as surface } from '../support/experiment-traffic.ts';

const LATER = Date.now() + 3_600_000;
const tenant = 'default';
const actor = { tenant, id: 'controller' };

let database: TestDatabase;
let stores: AllStores;
let successor: Leadership | undefined;
/** Of a leader that stood still while another one was elected. */
let frozen: Fence;
let newest: Fence;

async function elect(): Promise<Leadership> {
  const leadership = await startLeadership({
    url: database.url,
    name: 'controller',
    retryMs: 50,
    logger: silentLogger,
  });
  while (leadership.epoch() === null) await new Promise((done) => setTimeout(done, 20));
  return leadership;
}
const fenceOf = (leadership: Leadership): Fence => ({
  name: 'controller',
  epoch: leadership.epoch() as number,
});

/** A candidate behind a shadow alias, so that a round of the shadow watch has something to write. */
async function shadowCandidate(): Promise<void> {
  const artifact = fixedPolicyArtifact(surface, [0.25, 0.75]);
  const bytes = encodeArtifact(artifact);
  const policy = { surface: surface.name, header: artifact.header, bytes, hash: artifactHashOf(bytes) };
  const { version } = await stores.policies.publish(policy, actor);
  await stores.policies.setAlias(surface.name, 'shadow', version, actor);
}

beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
  await createTenant(stores, 'running, rolling back', tenant);
  await forecastTreatment(stores, tenant);
  await shadowCandidate();
  const first = await elect();
  frozen = fenceOf(first);
  await first.stop();
  successor = await elect();
  newest = fenceOf(successor);
});
afterAll(async () => {
  await successor?.stop();
  await database.drop();
});

/** What is in each table, as a hash of its rows. */
async function contents(): Promise<Record<string, string>> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select c.relname as name from pg_class as c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  const hashes: Record<string, string> = {};
  for (const { name } of rows) {
    const found = await database.pool.query<{ hash: string }>(
      `select md5(coalesce(string_agg(t::text, e'\\n' order by t::text), '')) as hash from "${name}" as t`,
    );
    hashes[name] = found.rows[0].hash;
  }
  return hashes;
}

async function changedBy(work: () => Promise<unknown>): Promise<string[]> {
  const before = await contents();
  await work();
  const after = await contents();
  return Object.keys(after)
    .filter((name) => after[name] !== before[name])
    .sort();
}

const offline = { value: 1, lower: 0, upper: 2 };
const forecast = { policyVersion: 'b', response: 'r', estimand: 'per-decision', offline, online: null };
const day = { surface: surface.name, policyVersion: 'live-feed@9', day: '2026-01-01', score: noShadowScore };

/** Every write of the controller's leader that takes an epoch. */
const writes: Record<string, (fence: Fence) => Promise<unknown>> = {
  'a step of an experiment': (fence) =>
    stores.experiments.transition('e1', { from: ['running'], to: 'running' }, actor, fence),
  'a look at an experiment': (fence) => stores.experiments.recordLook('e1', { n: 1 }, actor, fence),
  'a measured forecast': (fence) => stores.forecasts.save(surface.name, forecast, actor, fence),
  'a shadow score': (fence) => stores.shadows.add(tenant, day, { from: null, until: LATER }, fence),
};

describe.each(Object.entries(writes))('%s', (_, write) => {
  it('of a leader that was frozen while another one was elected is refused and changes no table', async () => {
    const changed = await changedBy(() =>
      expect(write(frozen)).rejects.toMatchObject({ code: 'state_conflict' }),
    );
    expect(changed).toEqual([]);
  });

  it('of the newest leader is made', async () => {
    expect((await changedBy(() => write(newest))).length).toBeGreaterThan(0);
  });
});

describe('a whole round', () => {
  const round = async (fence: Fence): Promise<void> => {
    const parts = { ...stores, clock: () => LATER, logger: silentLogger, metrics: noMetrics };
    await createExperimentWatch({ ...parts, analysis: createExperimentAnalysis(stores) })(fence);
    await createShadowWatch({ ...parts, stopwatch: () => 0, random: createRandom(1) })(fence);
  };
  /** Brought up to date by whoever looks, the api as well: the same rows, whoever adds them. */
  const readModel = ['experiment_arrivals', 'experiment_cells', 'experiment_cursors', 'experiment_units'];

  it('of a leader that was frozen changes the read model behind looks and nothing else', async () => {
    expect(await changedBy(() => round(frozen))).toEqual(readModel);
    expect((await stores.experiments.find(tenant, 'e1'))?.state).toBe('running');
  });

  it('of the newest leader takes the step, once, from where the frozen one left the read model', async () => {
    const changed = await changedBy(() => round(newest));
    expect(changed).toEqual(
      expect.arrayContaining(['experiment_looks', 'experiments', 'forecasts', 'shadow_scores']),
    );
    expect((await stores.experiments.find(tenant, 'e1'))?.state).toBe('rolled-back');
  });
});
