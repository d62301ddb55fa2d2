import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import { actorOf, artifact, experiment, feedSurface, newTenant, type OpenStores } from './support.ts';

export function experimentContract(name: string, open: OpenStores): void {
  describe(`experiment store: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const created = async (): Promise<string> => {
      const tenant = newTenant();
      await stores.surfaces.declare(feedSurface(), actorOf(tenant));
      await stores.experiments.create(experiment('e1'), actorOf(tenant));
      return tenant;
    };

    it('gives an experiment back unchanged, to its tenant only', async () => {
      const tenant = await created();
      expect(await stores.experiments.find(tenant, 'e1')).toEqual(experiment('e1'));
      expect(await stores.experiments.list(tenant, 'live-feed')).toEqual([experiment('e1')]);
      expect(await stores.experiments.list(tenant, 'other')).toEqual([]);
      expect(await stores.experiments.find(newTenant(), 'e1')).toBeUndefined();
    });

    it('refuses a second one of the same id, and one on an unknown surface', async () => {
      const tenant = await created();
      await expect(stores.experiments.create(experiment('e1'), actorOf(tenant))).rejects.toMatchObject({
        code: 'state_conflict',
      });
      const lost = experiment('e2', { surface: 'nowhere' });
      await expect(stores.experiments.create(lost, actorOf(tenant))).rejects.toMatchObject({
        code: 'surface_unknown',
      });
    });

    it('changes state and opens blocks in one step, from the allowed states only', async () => {
      const tenant = await created();
      const block = { index: 0, fromBucket: 0, toBucket: 100, openedAt: 5 };
      const start = { from: ['draft'], to: 'running', openBlock: block } as const;
      const running = await stores.experiments.transition('e1', start, actorOf(tenant));
      expect(running).toEqual(experiment('e1', { state: 'running', blocks: [block] }));
      expect(await stores.experiments.find(tenant, 'e1')).toEqual(running);
      await expect(stores.experiments.transition('e1', start, actorOf(tenant))).rejects.toMatchObject({
        code: 'state_conflict',
      });
      expect(await stores.experiments.find(tenant, 'e1')).toEqual(running);
      await expect(stores.experiments.transition('e9', start, actorOf(tenant))).rejects.toMatchObject({
        code: 'experiment_unknown',
      });
    });

    it('moves an alias with the step or not at all', async () => {
      const tenant = await created();
      const actor = actorOf(tenant, 'better');
      await stores.policies.publish({ surface: 'live-feed', ...artifact(1) }, actor);
      const step = (to: 'decided' | 'rolled-back' | 'stopped', from: 'draft' | 'decided', version?: string) =>
        stores.experiments.transition(
          'e1',
          {
            from: [from],
            to,
            ...(version === undefined ? {} : { promotes: { alias: 'champion', version } }),
          },
          actor,
        );
      await expect(step('stopped', 'decided', 'live-feed@1')).rejects.toMatchObject({
        code: 'state_conflict',
      });
      expect(await stores.policies.aliases(tenant, 'live-feed')).toEqual({});
      await step('decided', 'draft');
      await expect(step('stopped', 'decided', 'live-feed@9')).rejects.toMatchObject({
        code: 'policy_unknown',
      });
      expect((await stores.experiments.find(tenant, 'e1'))?.state).toBe('decided');
      await step('stopped', 'decided', 'live-feed@1');
      expect(await stores.policies.aliases(tenant, 'live-feed')).toEqual({ champion: 'live-feed@1' });
      const [set] = (await stores.audit.list(tenant, 10)).filter(({ action }) => action === 'alias.set');
      expect(set).toMatchObject({ subject: 'live-feed/champion', reason: 'better' });
    });

    it('lets one of many equal transitions through', async () => {
      const tenant = await created();
      const start = { from: ['draft'], to: 'running' } as const;
      const results = await Promise.allSettled(
        Array.from({ length: 5 }, () => stores.experiments.transition('e1', start, actorOf(tenant))),
      );
      expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    });

    it('keeps looks in their order, and gives them in pages from the newest back', async () => {
      const tenant = await created();
      for (const n of [1, 2, 3]) await stores.experiments.recordLook('e1', { n }, actorOf(tenant));
      const page = (limit: number, before?: number) =>
        stores.experiments.looks(tenant, 'e1', { limit, ...(before === undefined ? {} : { before }) });
      const all = { looks: [{ n: 1 }, { n: 2 }, { n: 3 }], next: null, stored: 3 };
      expect(await page(9)).toEqual(all);
      expect(await page(3)).toEqual(all);
      expect(await page(2)).toEqual({ looks: [{ n: 2 }, { n: 3 }], next: 2, stored: 3 });
      expect(await page(2, 2)).toEqual({ looks: [{ n: 1 }], next: null, stored: 3 });
      expect(await page(2, 1)).toEqual({ looks: [], next: null, stored: 3 });
      const none = { looks: [], next: null, stored: 0 };
      expect(await stores.experiments.looks(newTenant(), 'e1', { limit: 5 })).toEqual(none);
      await expect(stores.experiments.recordLook('e9', {}, actorOf(tenant))).rejects.toMatchObject({
        code: 'experiment_unknown',
      });
    });
  });
}
