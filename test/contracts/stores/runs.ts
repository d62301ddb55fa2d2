import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import type { Forecast, RunQuery, RunSummary } from '../../../src/service/ports/runs.ts';
import { everyRun } from '../../../src/service/registry/every-run.ts';
import { actorOf, newTenant, type OpenStores } from './support.ts';

export function runContract(name: string, open: OpenStores): void {
  describe(`run and forecast stores: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const queued = async (): Promise<string> => {
      const tenant = newTenant();
      const config = { algorithm: 'crr', seed: 7, temperature: 0.1 };
      await stores.runs.create({ id: 'r1', kind: 'training', surface: 'live-feed', config }, actorOf(tenant));
      return tenant;
    };

    it('leads a run from queued through running to succeeded, with its report', async () => {
      const tenant = await queued();
      expect(await stores.runs.find(tenant, 'r1')).toMatchObject({
        ...{ id: 'r1', kind: 'training', surface: 'live-feed', state: 'queued', finishedAt: null },
        config: { algorithm: 'crr', seed: 7, temperature: 0.1 },
      });
      await stores.runs.start(tenant, 'r1');
      expect((await stores.runs.find(tenant, 'r1'))?.state).toBe('running');
      await stores.runs.finish(tenant, 'r1', { result: { loss: 1 / 3 }, reportHtml: '<p>' });
      const run = await stores.runs.find(tenant, 'r1');
      expect(run).toMatchObject({
        state: 'succeeded',
        result: { loss: 1 / 3 },
        reportHtml: '<p>',
        error: null,
      });
      expect(run?.finishedAt).toBeGreaterThanOrEqual(run?.createdAt ?? Infinity);
    });

    it('keeps why a run failed', async () => {
      const tenant = await queued();
      await stores.runs.finish(tenant, 'r1', { error: 'no rows' });
      expect(await stores.runs.find(tenant, 'r1')).toMatchObject({
        ...{ state: 'failed', error: 'no rows', result: null, reportHtml: null },
      });
      const other = await queued();
      await stores.runs.finish(other, 'r1', { error: 'diverged', reportHtml: '<p>why' });
      expect(await stores.runs.find(other, 'r1')).toMatchObject({ state: 'failed', reportHtml: '<p>why' });
    });

    it('lets a killed run start again, but a finished one never moves', async () => {
      const tenant = await queued();
      await stores.runs.start(tenant, 'r1');
      await stores.runs.start(tenant, 'r1');
      await stores.runs.finish(tenant, 'r1', { result: {} });
      await expect(stores.runs.start(tenant, 'r1')).rejects.toMatchObject({ code: 'state_conflict' });
      await expect(stores.runs.finish(tenant, 'r1', { error: 'late' })).rejects.toMatchObject({
        code: 'state_conflict',
      });
      expect(await stores.runs.find(tenant, 'r1')).toMatchObject({ state: 'succeeded', error: null });
    });

    it('counts how often the process of a run was killed, restarts left out', async () => {
      const tenant = await queued();
      await stores.runs.start(tenant, 'r1');
      expect(await stores.runs.countKill(tenant, 'r1')).toBe(1);
      await stores.runs.start(tenant, 'r1');
      expect(await stores.runs.countKill(tenant, 'r1')).toBe(2);
      await expect(stores.runs.countKill(tenant, 'r9')).rejects.toMatchObject({ code: 'run_unknown' });
    });

    it('enqueues a run like one that is made, and no id twice', async () => {
      const tenant = newTenant();
      const run = { id: 'r1', kind: 'snapshot', surface: 'live-feed', config: { until: 5 } } as const;
      await stores.runs.enqueue(run, actorOf(tenant));
      expect(await stores.runs.find(tenant, 'r1')).toMatchObject({ ...run, state: 'queued' });
      await expect(stores.runs.enqueue(run, actorOf(tenant))).rejects.toMatchObject({
        code: 'state_conflict',
      });
    });

    it('refuses an id twice and does not know what was never made', async () => {
      const tenant = await queued();
      const again = { id: 'r1', kind: 'snapshot', surface: 'live-feed', config: {} } as const;
      await expect(stores.runs.create(again, actorOf(tenant))).rejects.toMatchObject({
        code: 'state_conflict',
      });
      await expect(stores.runs.start(tenant, 'r9')).rejects.toMatchObject({ code: 'run_unknown' });
      expect(await stores.runs.find(newTenant(), 'r1')).toBeUndefined();
    });

    it('lists from the newest back, in pages, each run once and without its report', async () => {
      const tenant = newTenant();
      const kinds = ['evaluation', 'training'] as const;
      for (let i = 0; i < 7; i += 1) {
        const run = { id: `n${String(i)}`, kind: kinds[i % 2], surface: 'live-feed', config: {} };
        await stores.runs.create(run, actorOf(tenant));
      }
      await stores.runs.start(tenant, 'n6');
      await stores.runs.finish(tenant, 'n6', { result: {}, reportHtml: '<p>long</p>' });
      const pages: (readonly RunSummary[])[] = [];
      for (let before: string | null | undefined; before !== null;) {
        const page = await stores.runs.list(tenant, {
          limit: 3,
          ...(before === undefined ? {} : { before }),
        });
        pages.push(page.runs);
        before = page.next;
      }
      expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
      const all = pages.flat();
      expect(all.map(({ createdAt }) => createdAt)).toEqual(
        all.map(({ createdAt }) => createdAt).sort((a, b) => b - a),
      );
      expect(all.map(({ id }) => id).sort()).toEqual(Array.from({ length: 7 }, (_, i) => `n${String(i)}`));
      expect(all.filter(({ hasReport }) => hasReport).map(({ id }) => id)).toEqual(['n6']);
      expect(JSON.stringify(all)).not.toContain('long');
      expect((await stores.runs.find(tenant, 'n6'))?.reportHtml).toBe('<p>long</p>');
      const evaluations: string[] = [];
      for await (const { id } of everyRun(stores.runs, tenant, { kinds: ['evaluation'] }))
        evaluations.push(id);
      expect(evaluations.sort()).toEqual(['n0', 'n2', 'n4', 'n6']);
    });

    it('lists by kind and surface', async () => {
      const tenant = await queued();
      const other = { id: 'r2', kind: 'evaluation', surface: 'other', config: {} } as const;
      await stores.runs.create(other, actorOf(tenant));
      const ids = async (query: RunQuery): Promise<string[]> =>
        (await stores.runs.list(tenant, { ...query, limit: 10 })).runs.map((run) => run.id).sort();
      expect(await ids({})).toEqual(['r1', 'r2']);
      expect(await ids({ kinds: ['training'] })).toEqual(['r1']);
      expect(await ids({ kinds: ['training', 'evaluation'] })).toEqual(['r1', 'r2']);
      expect(await ids({ surfaces: ['other'] })).toEqual(['r2']);
      expect(await ids({ kinds: ['training'], surfaces: ['other'] })).toEqual([]);
      expect(await ids({ surfaces: [] })).toEqual([]);
    });

    it('puts the online result beside the offline forecast and keeps it when forecast again', async () => {
      const tenant = newTenant();
      const offline = { value: 0.1, lower: 0.05, upper: 1 / 3 };
      const key = { policyVersion: 'live-feed@1', response: 'watch', estimand: 'per-unit' };
      const forecast: Forecast = { ...key, offline, online: null };
      await stores.forecasts.save('live-feed', forecast, actorOf(tenant));
      expect(await stores.forecasts.list(tenant)).toEqual([forecast]);
      const online = { value: 0.2, lower: 0.1, upper: 0.3 };
      await stores.forecasts.save('live-feed', { ...forecast, online }, actorOf(tenant));
      const newer = { ...offline, value: 0.11 };
      await stores.forecasts.save('live-feed', { ...forecast, offline: newer }, actorOf(tenant));
      expect(await stores.forecasts.list(tenant, 'live-feed')).toEqual([{ ...key, offline: newer, online }]);
      expect(await stores.forecasts.list(tenant, 'other')).toEqual([]);
      expect(await stores.forecasts.list(newTenant())).toEqual([]);
    });
  });
}
