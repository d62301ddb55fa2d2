import { describe, expect, it } from 'vitest';
import { promotePolicy } from '../../../offline/promote.ts';
import type { GateVerdict } from '../../../src/core/ope/gate-verdict.ts';
import { encodeArtifact } from '../../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import { worldSurface } from '../learning-world.ts';

const actor = { tenant: 'default', id: 'test' };
const request = { surface: 'world', policyVersion: 'world@1', alias: 'challenger' };

async function evaluated(verdict: GateVerdict['verdict'], judgedHash = 'h') {
  const stores = createMemoryStores();
  await stores.surfaces.declare(worldSurface, actor);
  const artifact = fixedPolicyArtifact(worldSurface, [0.5, 0.5]);
  const bytes = encodeArtifact(artifact);
  await stores.policies.publish({ surface: 'world', header: artifact.header, bytes, hash: 'h' }, actor);
  await stores.runs.create({ id: 'run-1', kind: 'evaluation', surface: 'world', config: {} }, actor);
  await stores.runs.start('default', 'run-1');
  const gate = { verdict, reasons: ['because'], lines: [], artifactHash: judgedHash, snapshotHash: 's' };
  await stores.runs.finish('default', 'run-1', { result: { policyVersion: 'world@1', gate } });
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

  it('says that an evaluation is needed first', async () => {
    const stores = await evaluated('promote');
    await expect(promotePolicy({ ...request, evaluationRun: 'run-2' }, stores, actor)).rejects.toThrow(
      /no finished evaluation run-2: run "allot evaluate" first/,
    );
  });
});
