import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import { actorOf, artifact, feedSurface, newTenant, type OpenStores } from './support.ts';

export function registryContract(name: string, open: OpenStores): void {
  describe(`surface and policy stores: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const declared = async (): Promise<string> => {
      const tenant = newTenant();
      await stores.surfaces.declare(feedSurface(), actorOf(tenant));
      return tenant;
    };

    it('gives a declared surface back unchanged, to its tenant only', async () => {
      const tenant = await declared();
      expect(await stores.surfaces.find(tenant, 'live-feed')).toEqual(feedSurface());
      expect(await stores.surfaces.list(tenant)).toEqual([feedSurface()]);
      expect(await stores.surfaces.find(newTenant(), 'live-feed')).toBeUndefined();
    });

    it('refuses a breaking change until the schema version is raised', async () => {
      const tenant = await declared();
      const broken = feedSurface({ actions: ['none', 'other'] });
      await expect(stores.surfaces.declare(broken, actorOf(tenant))).rejects.toMatchObject({
        code: 'schema_breaking_change',
      });
      expect(await stores.surfaces.find(tenant, 'live-feed')).toEqual(feedSurface());
      const raised = { ...broken, schemaVersion: 2 };
      await stores.surfaces.declare(raised, actorOf(tenant));
      expect(await stores.surfaces.find(tenant, 'live-feed')).toEqual(raised);
      await expect(stores.surfaces.declare(feedSurface(), actorOf(tenant))).rejects.toMatchObject({
        code: 'schema_breaking_change',
      });
    });

    it('cannot kill what is not declared', async () => {
      await expect(stores.surfaces.setKilled('live-feed', true, actorOf(newTenant()))).rejects.toMatchObject({
        code: 'surface_unknown',
      });
    });

    it('numbers versions in order, and the same bytes give the same version again', async () => {
      const tenant = await declared();
      const publish = (seed: number) =>
        stores.policies.publish({ surface: 'live-feed', ...artifact(seed) }, actorOf(tenant));
      const first = await publish(1);
      expect(first).toMatchObject({
        version: 'live-feed@1',
        algorithm: 'bc',
        artifactHash: artifact(1).hash,
      });
      expect((await publish(2)).version).toBe('live-feed@2');
      expect(await publish(1)).toEqual(first);
      expect((await stores.policies.list(tenant)).map((p) => p.version)).toEqual([
        'live-feed@1',
        'live-feed@2',
      ]);
      expect(await stores.policies.find(tenant, 'live-feed@1')).toEqual(first);
      expect(first.header).toEqual(artifact(1).header);
    });

    it('numbers versions without gaps or doubles when many publish at once', async () => {
      const tenant = await declared();
      const versions = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          stores.policies.publish({ surface: 'live-feed', ...artifact(i % 6) }, actorOf(tenant)),
        ),
      );
      const names = [...new Set(versions.map((v) => v.version))].sort();
      expect(names).toEqual([1, 2, 3, 4, 5, 6].map((n) => `live-feed@${n}`));
    });

    it('gives artifact bytes back exactly, and nothing to another tenant', async () => {
      const tenant = await declared();
      await stores.policies.publish({ surface: 'live-feed', ...artifact(7) }, actorOf(tenant));
      expect(await stores.policies.artifact(tenant, 'live-feed@1')).toEqual(artifact(7).bytes);
      expect(await stores.policies.artifact(newTenant(), 'live-feed@1')).toBeUndefined();
      expect(await stores.control.loadArtifact(artifact(7).hash)).toEqual(artifact(7).bytes);
      await expect(stores.control.loadArtifact('00')).rejects.toMatchObject({ code: 'policy_unknown' });
    });

    it('registers an external policy once by its name, without an artifact', async () => {
      const tenant = await declared();
      const first = await stores.policies.publishExternal('live-feed', 'random', actorOf(tenant));
      expect(first).toMatchObject({ artifactHash: null, header: null, algorithm: 'external:random' });
      expect(await stores.policies.publishExternal('live-feed', 'random', actorOf(tenant))).toEqual(first);
      const other = await stores.policies.publishExternal('live-feed', 'bts', actorOf(tenant));
      expect(other.version).toBe('live-feed@2');
      expect(await stores.policies.artifact(tenant, first.version)).toBeUndefined();
    });

    it('keeps every signature, so that none can be overwritten, tells deciders of a new one, and of nothing else', async () => {
      const tenant = newTenant();
      const actor = actorOf(tenant);
      await stores.surfaces.declare(feedSurface(), actor);
      const [one, two] = ['1', '2'].map((n) => ({ keyId: n.repeat(16), signature: n.repeat(86) }));
      const policy = { surface: 'live-feed', ...artifact(11) };
      const { version } = await stores.policies.publish({ ...policy, signature: two }, actor);
      await stores.policies.setAlias('live-feed', 'champion', version, actor);
      expect(await stores.policies.signatures(tenant, version)).toEqual([two]);
      const before = await stores.control.revision();
      await stores.policies.sign(version, two, actor);
      await stores.policies.publish({ ...policy, signature: two }, actor);
      expect(await stores.control.revision()).toBe(before);
      await stores.policies.sign(version, one, actor);
      expect(await stores.control.revision()).toBeGreaterThan(before);
      const forged = { ...two, signature: 'x'.repeat(86) };
      const other = actorOf(newTenant());
      await stores.surfaces.declare(feedSurface(), other);
      await stores.policies.publish({ ...policy, signature: forged }, other);
      expect(await stores.policies.signatures(tenant, version)).toEqual([one, two, forged]);
      expect(await stores.policies.signatures(newTenant(), version)).toEqual([]);
      const { surfaces } = await stores.control.load();
      expect(surfaces.find((row) => row.tenant === tenant)?.policies).toEqual([
        { version, artifactHash: policy.hash, signatures: [one, two, forged] },
      ]);
      const external = await stores.policies.publishExternal('live-feed', 'x', actor);
      for (const [unsignable, code] of [
        ['live-feed@99', 'policy_unknown'],
        [external.version, 'state_conflict'],
      ]) {
        await expect(stores.policies.sign(unsignable, one, actor)).rejects.toMatchObject({ code });
      }
    });

    it('publishes for declared surfaces only', async () => {
      const actor = actorOf(newTenant());
      const policy = { surface: 'live-feed', ...artifact(1) };
      await expect(stores.policies.publish(policy, actor)).rejects.toMatchObject({ code: 'surface_unknown' });
      await expect(stores.policies.publishExternal('live-feed', 'x', actor)).rejects.toMatchObject({
        code: 'surface_unknown',
      });
    });

    it('moves an alias and keeps its history; setting it to where it is changes nothing', async () => {
      const tenant = await declared();
      const actor = actorOf(tenant, 'better');
      await stores.policies.publish({ surface: 'live-feed', ...artifact(1) }, actor);
      await stores.policies.publish({ surface: 'live-feed', ...artifact(2) }, actor);
      for (const version of ['live-feed@1', 'live-feed@2', 'live-feed@2', 'live-feed@1']) {
        await stores.policies.setAlias('live-feed', 'champion', version, actor);
      }
      expect(await stores.policies.aliases(tenant, 'live-feed')).toEqual({ champion: 'live-feed@1' });
      const history = await stores.policies.aliasHistory(tenant, 'live-feed');
      expect(history.map((h) => h.version)).toEqual(['live-feed@1', 'live-feed@2', 'live-feed@1']);
      expect(history[0]).toMatchObject({ alias: 'champion', changedBy: 'key-1', reason: 'better' });
    });

    it('refuses an alias to a version that the surface does not have', async () => {
      const tenant = await declared();
      const actor = actorOf(tenant);
      await stores.surfaces.declare(feedSurface({ name: 'other' }), actor);
      await stores.policies.publish({ surface: 'other', ...artifact(1) }, actor);
      for (const version of ['live-feed@9', 'other@1']) {
        await expect(stores.policies.setAlias('live-feed', 'champion', version, actor)).rejects.toMatchObject(
          {
            code: 'policy_unknown',
          },
        );
      }
    });
  });
}
