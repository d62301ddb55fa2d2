import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { promotePolicy } from '../../../offline/promote.ts';
import type { GateVerdict } from '../../../src/core/ope/gate-verdict.ts';
import { encodeArtifact } from '../../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import {
  createArtifactSigner,
  createArtifactTrust,
} from '../../../src/service/registry/artifact-signatures.ts';
import { worldSurface } from '../learning-world.ts';

const actor = { tenant: 'default', id: 'test' };
const request = { surface: 'world', policyVersion: 'world@1', alias: 'challenger' };

async function evaluated(verdict: GateVerdict['verdict'], judgedHash = 'h', against?: string) {
  const stores = createMemoryStores();
  await stores.surfaces.declare(worldSurface, actor);
  const artifact = fixedPolicyArtifact(worldSurface, [0.5, 0.5]);
  const bytes = encodeArtifact(artifact);
  await stores.policies.publish({ surface: 'world', header: artifact.header, bytes, hash: 'h' }, actor);
  await stores.runs.create({ id: 'run-1', kind: 'evaluation', surface: 'world', config: {} }, actor);
  await stores.runs.start('default', 'run-1');
  const gate = { verdict, reasons: ['because'], lines: [], artifactHash: judgedHash, snapshotHash: 's' };
  await stores.runs.finish('default', 'run-1', {
    result: { policyVersion: 'world@1', gate, differences: against === undefined ? null : { against } },
  });
  return stores;
}

describe('a promotion', () => {
  it('moves the alias when the gate says promote, and tells on which evidence', async () => {
    const stores = await evaluated('promote');
    const result = await promotePolicy(request, stores, actor);
    expect(result).toMatchObject({
      isPromoted: true,
      isOverride: false,
      evaluationRun: 'run-1',
      snapshotHash: 's',
    });
    expect(await stores.policies.aliases('default', 'world')).toMatchObject({ challenger: 'world@1' });
  });

  it.each(['refuse', 'insufficient evidence'] as const)(
    'leaves every alias alone on "%s"',
    async (verdict) => {
      const stores = await evaluated(verdict);
      expect(await promotePolicy(request, stores, actor)).toMatchObject({
        isPromoted: false,
        verdict,
        reasons: ['because'],
      });
      expect(await stores.policies.aliases('default', 'world')).toEqual({});
    },
  );

  describe('where artifacts must be signed', () => {
    const pair = () => generateKeyPairSync('ed25519');
    const [ours, theirs] = [pair(), pair()];
    const trust = createArtifactTrust([ours.publicKey]);
    const signedBy = (key: KeyObject, hash = 'h') => createArtifactSigner(key).sign(hash);

    it.each([
      ['nobody', null],
      ['a key that is not trusted', signedBy(theirs.privateKey)],
      ['a trusted key, but for other bytes', signedBy(ours.privateKey, 'other')],
    ])('moves no alias to what was signed by %s, gate or not, and says why', async (_, signature) => {
      const stores = await evaluated('promote');
      if (signature !== null) await stores.policies.sign('world@1', signature, actor);
      for (const one of [request, { ...request, alias: 'champion', override: { reason: 'now' } }])
        await expect(promotePolicy(one, stores, actor, trust)).rejects.toMatchObject({
          code: 'artifact_invalid',
          message: 'no trusted key has signed the artifact of world@1',
        });
      expect(await stores.policies.aliases('default', 'world')).toEqual({});
    });

    it('moves it to what a trusted key has signed', async () => {
      const stores = await evaluated('promote');
      await stores.policies.sign('world@1', signedBy(ours.privateKey), actor);
      expect(await promotePolicy(request, stores, actor, trust)).toMatchObject({ isPromoted: true });
    });
  });

  it('goes against the gate only with a reason, which the audit log keeps', async () => {
    const stores = await evaluated('refuse');
    const result = await promotePolicy({ ...request, override: { reason: 'incident 42' } }, stores, actor);
    expect(result).toMatchObject({ isPromoted: true, isOverride: true, verdict: 'refuse' });
    expect((await stores.audit.list('default', 10)).some((entry) => entry.reason === 'incident 42')).toBe(
      true,
    );
  });

  it('refuses a verdict about another artifact', async () => {
    const stores = await evaluated('promote', 'another');
    await expect(promotePolicy(request, stores, actor)).rejects.toThrow(/judged another artifact/);
  });

  describe('to champion', () => {
    const toChampion = { ...request, alias: 'champion' };
    const served = async (against: string | undefined) => {
      const stores = await evaluated('promote', 'h', against);
      const external = await stores.policies.publishExternal('world', 'serving', actor);
      await stores.policies.setAlias('world', 'champion', external.version, actor);
      return stores;
    };

    it('needs a verdict against the champion of now', async () => {
      const stores = await served('world@2');
      expect(await promotePolicy(toChampion, stores, actor)).toMatchObject({ isPromoted: true });
      expect(await stores.policies.aliases('default', 'world')).toEqual({ champion: 'world@1' });
    });

    it.each([
      ['an earlier champion', 'world@7'],
      ['the logging policy', 'the logging policy'],
      ['nobody', undefined],
    ])('is refused by a verdict against %s', async (_, against) => {
      const stores = await served(against);
      await expect(promotePolicy(toChampion, stores, actor)).rejects.toMatchObject({
        code: 'state_conflict',
        message: expect.stringMatching(/not against the champion world@2: evaluate again/) as string,
      });
      expect(await stores.policies.aliases('default', 'world')).toEqual({ champion: 'world@2' });
    });

    it('goes against that, too, with a reason', async () => {
      const stores = await served('world@7');
      const request = { ...toChampion, override: { reason: 'incident 42' } };
      expect(await promotePolicy(request, stores, actor)).toMatchObject({ isPromoted: true });
    });
  });

  it('says that an evaluation is needed first', async () => {
    const stores = await evaluated('promote');
    await expect(promotePolicy({ ...request, evaluationRun: 'run-2' }, stores, actor)).rejects.toThrow(
      /no finished evaluation run-2: run "allot evaluate" first/,
    );
  });
});
