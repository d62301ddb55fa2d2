import { describe, expect, it } from 'vitest';
import { createExperimentWatch } from '../../src/controller/experiment-watch.ts';
import type { Experiment } from '../../src/core/experiment/experiment.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createExperimentAnalysis } from '../../src/service/experiment-analysis/experiment-analysis.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { experimentSurface as surface, experimentTraffic } from '../support/experiment-traffic.ts';

const TENANT = 't';
const START = Date.UTC(2026, 0, 10, 12);
const actor = { tenant: TENANT, id: 'test' };
const experiment: Experiment = {
  id: 'e1',
  surface: 'live-feed',
  name: 'e1',
  state: 'draft',
  salt: 's',
  layer: 'default',
  holdoutShare: 0,
  variants: [
    { name: 'control', role: 'control', policyVersion: 'a' },
    { name: 'treatment', role: 'treatment', policyVersion: 'b' },
  ],
  blocks: [{ index: 0, fromBucket: 0, toBucket: 10_000, openedAt: START }],
  level: 0.95,
};

/** Control never inserts a stream; the treatment does with probability `p`. */
async function runningExperiment(p: number) {
  const stores = createMemoryStores();
  await stores.surfaces.declare(surface, actor);
  for (const name of ['a', 'b']) await stores.policies.publishExternal('live-feed', name, actor);
  const variants = experiment.variants.map((variant, i) => ({
    ...variant,
    policyVersion: `live-feed@${String(i + 1)}`,
  }));
  await stores.experiments.create({ ...experiment, variants }, actor);
  await stores.experiments.transition('e1', { from: ['draft'], to: 'running' }, actor);
  const log = experimentTraffic({ tenant: TENANT, experiment: 'e1', units: 800, startAt: START, treated: p });
  await stores.events.write({ events: log, deadLetters: [] });
  const watch = createExperimentWatch({
    ...stores,
    analysis: createExperimentAnalysis(stores),
    clock: () => START + 600_000,
    logger: silentLogger,
    metrics: noMetrics,
  });
  return { stores, watch };
}

describe('the watch over running experiments', () => {
  it('stores a look and leaves a healthy experiment running', async () => {
    const { stores, watch } = await runningExperiment(0);
    await watch();
    const { looks } = await stores.experiments.looks(TENANT, 'e1', { limit: 10 });
    expect(looks).toHaveLength(1);
    expect(looks[0]).toMatchObject({ verdict: 'inconclusive', units: { control: 400, treatment: 400 } });
    expect((await stores.experiments.find(TENANT, 'e1'))?.state).toBe('running');
  });

  it('rolls back a treatment that is proven to break a guardrail, once, and says why', async () => {
    const strict = {
      ...surface,
      constraints: [
        { name: 'hide-rate', on: { response: 'hide' }, direction: 'at-most', threshold: 0.01 } as const,
      ],
    };
    const { stores, watch } = await runningExperiment(1);
    await stores.surfaces.declare(strict, actor);
    await watch();
    await watch();
    expect((await stores.experiments.find(TENANT, 'e1'))?.state).toBe('rolled-back');
    expect((await stores.experiments.looks(TENANT, 'e1', { limit: 10 })).stored).toBe(1);
    const [entry] = (await stores.audit.list(TENANT, 100)).filter((e) => e.actor === 'controller');
    expect(entry.reason).toContain('hide-rate');
  });

  it('puts the measured effect beside what was forecast for the same version and response', async () => {
    const { stores, watch } = await runningExperiment(0);
    const offline = { value: 1, lower: 0, upper: 2 };
    const forecast = { response: 'watch_seconds', estimand: 'per-decision', offline, online: null };
    await stores.forecasts.save('live-feed', { policyVersion: 'live-feed@2', ...forecast }, actor);
    await watch();
    const [closed] = await stores.forecasts.list(TENANT, 'live-feed');
    expect(closed.offline).toEqual(offline);
    expect(closed.online?.lower).toBeLessThan(0);
    expect(closed.online?.upper).toBeGreaterThan(0);
  });

  it('leaves one trail of a measurement, its look: the audit log does not grow with every look', async () => {
    const { stores, watch } = await runningExperiment(0);
    const offline = { value: 1, lower: 0, upper: 2 };
    const forecast = { response: 'watch_seconds', estimand: 'per-decision', offline, online: null };
    await stores.forecasts.save('live-feed', { policyVersion: 'live-feed@2', ...forecast }, actor);
    const before = await stores.audit.list(TENANT, 1000);
    for (let look = 0; look < 3; look += 1) await watch();
    expect(await stores.forecasts.measured(TENANT, 'live-feed')).toHaveLength(1);
    expect(await stores.audit.list(TENANT, 1000)).toEqual(before);
  });
});
