import { describe, expect, it } from 'vitest';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { ControlReader } from '../../src/service/ports/control.ts';
import { principalOf } from '../../src/service/registry/principal.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { createApiWorld, liveFeed } from '../support/api-world.ts';

const linesOf = async (metrics: { text(): Promise<string> }, name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name));

describe('the metrics of a decider', () => {
  it('have the counters of a surface at 0 as soon as it is served, before anything is asked of it', async () => {
    const metrics = createMetrics();
    const world = await createApiWorld({ metrics });
    await world.declare(liveFeed, 'home');
    expect(await linesOf(metrics, 'allot_artifact_refusals_total{')).toEqual([
      'allot_artifact_refusals_total{tenant="acme",surface="home"} 0',
    ]);
    expect(await linesOf(metrics, 'allot_decisions_total{')).toEqual([
      'allot_decisions_total{tenant="acme",surface="home",version="none",variant="none",action="none",fallback="unlogged"} 0',
    ]);
    await world.stop();
  });

  it('count the unlogged answer in the very series that began at 0', async () => {
    const metrics = createMetrics();
    const world = await createApiWorld({ metrics });
    await world.declare(liveFeed, 'home');
    world.journal.setFull(true);
    world.serving.decide(
      { requestId: 'r', surface: 'home', unitId: 'u', features: { hour: 1 } },
      world.admin,
    );
    const lines = await linesOf(metrics, 'allot_decisions_total{');
    expect(lines.map((line) => line.slice(line.indexOf('fallback')))).toEqual(['fallback="unlogged"} 1']);
    await world.stop();
  });

  it('tell two tenants apart whose surfaces have one name', async () => {
    const metrics = createMetrics();
    const world = await createApiWorld({ metrics });
    const { record } = createKey({ tenant: 'other', role: 'admin' });
    await world.stores.keys.add(record);
    for (const principal of [world.admin, principalOf(record)]) {
      await world.services.surfaces.declare('home', liveFeed, principal);
      await world.serving.refresh();
      const request = { requestId: 'r', surface: 'home', unitId: 'u', features: { hour: 1 } };
      world.serving.decide(request, principal);
    }
    const counted = (await linesOf(metrics, 'allot_decision_duration_seconds_count')).map(
      (line) => /tenant="(\w+)"/.exec(line)?.[1],
    );
    expect(counted.sort()).toEqual(['acme', 'other']);
    await world.stop();
  });

  it('let the control state age when the store has never answered', async () => {
    const metrics = createMetrics();
    const clock = { now: 1_000_000 };
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    const control: ControlReader = { ...createMemoryStores().control, revision: away, load: away };
    const world = await createApiWorld({ metrics, control, stopwatch: () => clock.now });
    clock.now += 90_000;
    await world.serving.refresh();
    expect(await linesOf(metrics, 'allot_control_age_seconds ')).toEqual(['allot_control_age_seconds 90']);
    await world.stop();
  });
});
