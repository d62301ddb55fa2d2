import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import type { ApiKeyRecord, ControlState } from '../../../src/service/ports/control.ts';
import { actorOf, artifact, experiment, feedSurface, newTenant, type OpenStores } from './support.ts';

export function controlContract(name: string, open: OpenStores): void {
  describe(`control reader, keys and audit: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const keyOf = (tenant: string, changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
      ...{ id: `key-of-${tenant}`, keyHash: `hash-of-${tenant}`, tenant, role: 'decider' },
      ...{ surfaces: ['live-feed'], revokedAt: null },
      ...changes,
    });

    const filled = async (): Promise<string> => {
      const tenant = newTenant();
      const actor = actorOf(tenant);
      await stores.surfaces.declare(feedSurface(), actor);
      for (const n of [1, 2, 3])
        await stores.policies.publish({ surface: 'live-feed', ...artifact(n) }, actor);
      await stores.policies.setAlias('live-feed', 'champion', 'live-feed@1', actor);
      await stores.experiments.create(experiment('draft'), actor);
      await stores.experiments.create(experiment('on', { state: 'running' }), actor);
      await stores.keys.add(keyOf(tenant));
      return tenant;
    };

    const ofTenant = (state: ControlState, tenant: string): Omit<ControlState, 'revision'> => ({
      surfaces: state.surfaces.filter((s) => s.tenant === tenant),
      keys: state.keys.filter((k) => k.tenant === tenant),
    });

    it('loads what deciders need: surfaces, aliases, running experiments, used policies, keys', async () => {
      const tenant = await filled();
      expect(ofTenant(await stores.control.load(), tenant)).toEqual({
        surfaces: [
          {
            tenant,
            surface: feedSurface(),
            isKilled: false,
            aliases: { champion: 'live-feed@1' },
            experiments: [experiment('on', { state: 'running' })],
            policies: [1, 2].map((n) => ({ version: `live-feed@${n}`, artifactHash: artifact(n).hash })),
          },
        ],
        keys: [keyOf(tenant)],
      });
    });

    it('raises the revision and hints with every change, and with nothing else', async () => {
      const tenant = await filled();
      const actor = actorOf(tenant);
      let hints = 0;
      let onHint = (): void => undefined;
      const watch = await stores.control.watch(() => {
        hints += 1;
        onHint();
      });
      const changes: Record<string, () => Promise<unknown>> = {
        kill: () => stores.surfaces.setKilled('live-feed', true, actor),
        publish: () => stores.policies.publish({ surface: 'live-feed', ...artifact(9) }, actor),
        alias: () => stores.policies.setAlias('live-feed', 'champion', 'live-feed@2', actor),
        stop: () => stores.experiments.transition('on', { from: ['running'], to: 'stopped' }, actor),
        revoke: () => stores.keys.revoke(tenant, keyOf(tenant).id),
      };
      for (const change of Object.values(changes)) {
        const before = await stores.control.revision();
        const hint = new Promise<void>((done) => (onHint = done));
        await change();
        await hint;
        expect(await stores.control.revision()).toBeGreaterThan(before);
      }
      const before = await stores.control.revision();
      await stores.policies.setAlias('live-feed', 'champion', 'live-feed@2', actor);
      await stores.control.confirm('replica', before - 1);
      await stores.control.confirm('replica', before);
      expect(await stores.control.replicas()).toContainEqual({ replica: 'replica', revision: before });
      await stores.control.retire('replica');
      expect(await stores.control.replicas()).not.toContainEqual({ replica: 'replica', revision: before });
      await stores.runs.create({ id: 'r', kind: 'snapshot', surface: 'live-feed', config: {} }, actor);
      expect(await stores.control.revision()).toBe(before);
      await watch.stop();
      const seen = hints;
      await stores.surfaces.setKilled('live-feed', false, actor);
      expect(hints).toBe(seen);
      const state = ofTenant(await stores.control.load(), tenant);
      expect(state.surfaces[0]).toMatchObject({ isKilled: false, experiments: [] });
      expect(state.keys[0].revokedAt).not.toBeNull();
    });

    it('never gives one revision to two states', async () => {
      const tenant = await filled();
      const before = await stores.control.revision();
      const kill = (n: number): Promise<void> =>
        stores.surfaces.setKilled('live-feed', n % 2 === 0, actorOf(tenant));
      await Promise.all(Array.from({ length: 10 }, (_, n) => kill(n)));
      expect(await stores.control.revision()).toBe(before + 10);
    });

    it('leaves no trace of a refused change', async () => {
      const tenant = await filled();
      const before = await stores.control.revision();
      const entries = (await stores.audit.list(tenant, 100)).length;
      const broken = feedSurface({ actions: ['none', 'other'] });
      await expect(stores.surfaces.declare(broken, actorOf(tenant))).rejects.toThrow();
      await expect(stores.experiments.create(experiment('on'), actorOf(tenant))).rejects.toThrow();
      expect(await stores.control.revision()).toBe(before);
      expect(await stores.audit.list(tenant, 100)).toHaveLength(entries);
    });

    it('refuses a key twice, and says so when there is nothing to revoke', async () => {
      const tenant = await filled();
      await expect(stores.keys.add(keyOf(tenant))).rejects.toMatchObject({ code: 'state_conflict' });
      await expect(stores.keys.revoke(tenant, 'nothing')).rejects.toMatchObject({ code: 'invalid_request' });
      await expect(stores.keys.revoke(newTenant(), keyOf(tenant).id)).rejects.toMatchObject({
        code: 'invalid_request',
      });
      expect(await stores.keys.list(tenant)).toEqual([keyOf(tenant)]);
    });

    it('tells who changed what and why, newest first, to the tenant alone', async () => {
      const tenant = await filled();
      await stores.surfaces.setKilled('live-feed', true, actorOf(tenant, 'incident 7'));
      const [newest] = await stores.audit.list(tenant, 1);
      expect(newest).toMatchObject({
        ...{ actor: 'key-1', action: 'surface.kill', subject: 'live-feed', reason: 'incident 7' },
      });
      const actions = (await stores.audit.list(tenant, 100)).map((entry) => entry.action);
      expect(actions.at(-1)).toBe('surface.declare');
      expect(actions).toHaveLength(9);
      expect(await stores.audit.list(newTenant(), 100)).toEqual([]);
    });
  });
}
