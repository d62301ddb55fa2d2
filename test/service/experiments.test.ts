import { describe, expect, it } from 'vitest';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createExperiments } from '../../src/service/experiments/experiments.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import type { ArtifactTrust } from '../../src/service/registry/artifact-signatures.ts';
import type { Principal } from '../../src/service/registry/principal.ts';
import { experimentSurface as surface } from '../support/experiment-traffic.ts';

const TENANT = 't';
const actor = { tenant: TENANT, id: 'test' };
const admin = (keyId: string): Principal => ({ keyId, tenant: TENANT, role: 'admin', surfaces: null });
const [first, second, third] = [admin('key-1'), admin('key-2'), admin('key-3')];

async function desk(trust?: ArtifactTrust) {
  const stores = createMemoryStores();
  await stores.surfaces.declare(surface, actor);
  const versions: string[] = [];
  for (const p of [0.9, 0.5, 0.1]) {
    const artifact = fixedPolicyArtifact(surface, [p, 1 - p]);
    const bytes = encodeArtifact(artifact);
    const policy = { surface: surface.name, header: artifact.header, bytes, hash: artifactHashOf(bytes) };
    versions.push((await stores.policies.publish(policy, actor)).version);
  }
  await stores.policies.setAlias(surface.name, 'champion', versions[0], actor);
  await stores.policies.setAlias(surface.name, 'challenger', versions[1], actor);
  let now = 1000;
  const experiments = createExperiments({
    ...stores,
    serving: { refresh: async () => undefined },
    clock: () => (now += 1000),
    salt: () => 'salt',
    analyse: async () => [],
    trust,
  });
  const body = {
    surface: surface.name,
    name: 'e1',
    variants: [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'challenger' },
    ],
    ramp: 'default',
  };
  return { stores, experiments, versions, body };
}

describe('experiments', () => {
  it('pin the versions behind their aliases when they start, and keep them', async () => {
    const { stores, experiments, versions, body } = await desk();
    await experiments.create(body, first);
    await stores.policies.setAlias(surface.name, 'challenger', versions[2], actor);
    const started = await experiments.start('e1', {}, first);
    expect(started.variants.map((variant) => variant.policyVersion)).toEqual([versions[0], versions[2]]);
    expect(started.blocks).toEqual([{ index: 0, fromBucket: 0, toBucket: 100, openedAt: 3000 }]);
    await stores.policies.setAlias(surface.name, 'challenger', versions[1], actor);
    await experiments.pause('e1', {}, first);
    const resumed = await experiments.start('e1', {}, first);
    expect(resumed.variants).toEqual(started.variants);
    expect(resumed.blocks).toEqual(started.blocks);
  });

  it('may be declared anew while they run, but never so that a unit would change side', async () => {
    const { experiments, versions, body } = await desk();
    await experiments.create(body, first);
    await experiments.start('e1', {}, first);
    const slower = { steps: [{ trafficShare: 0.01 }, { trafficShare: 0.02, minUnits: 5000 }] };
    const revised = await experiments.revise('e1', { ...body, ramp: slower }, first);
    expect(revised.plan?.ramp?.steps).toHaveLength(2);
    expect(revised.state).toBe('running');
    for (const change of [
      { holdoutShare: 0.1 },
      { layer: 'other' },
      { variants: [body.variants[0], { name: 'treatment', role: 'treatment', policyVersion: versions[2] }] },
    ]) {
      await expect(experiments.revise('e1', { ...body, ...change }, first)).rejects.toMatchObject({
        code: 'state_conflict',
      });
    }
  });

  it('need a second key where they say so: to start, and again to promote', async () => {
    const { stores, experiments, versions, body } = await desk();
    await experiments.create({ ...body, isApprovalNeeded: true }, first);
    await expect(experiments.start('e1', {}, first)).rejects.toMatchObject({ code: 'state_conflict' });
    await expect(experiments.approve('e1', {}, first)).rejects.toMatchObject({ code: 'forbidden' });
    await experiments.approve('e1', {}, second);
    await experiments.start('e1', {}, first);
    await expect(experiments.promote('e1', {}, first)).rejects.toThrow('must be decided');
    const decision = { verdict: 'pass', at: 1, reason: 'test' } as const;
    await stores.experiments.transition('e1', { from: ['running'], to: 'decided', decision }, actor);
    await expect(experiments.promote('e1', {}, first)).rejects.toThrow('second key');
    await experiments.approve('e1', { purpose: 'promote' }, second);
    expect((await experiments.promote('e1', {}, first)).state).toBe('stopped');
    expect((await stores.policies.aliases(TENANT, surface.name)).champion).toBe(versions[1]);
    const actions = (await stores.audit.list(TENANT, 100)).filter((entry) => entry.subject === 'e1');
    expect(actions.map((entry) => entry.actor)).toEqual(
      expect.arrayContaining(['key-1', 'key-2', 'key-1', 'key-2']),
    );
  });

  it('are not promoted to what no trusted key has signed, as after a change of keys', async () => {
    const believed = { isSigned: true };
    const { stores, experiments, body } = await desk({ signedBy: () => (believed.isSigned ? 'k' : null) });
    await experiments.create(body, first);
    await experiments.start('e1', {}, first);
    const decision = { verdict: 'pass', at: 1, reason: 'test' } as const;
    await stores.experiments.transition('e1', { from: ['running'], to: 'decided', decision }, actor);
    const before = await stores.policies.aliases(TENANT, surface.name);
    believed.isSigned = false;
    await expect(experiments.promote('e1', {}, first)).rejects.toMatchObject({ code: 'artifact_invalid' });
    expect(await stores.policies.aliases(TENANT, surface.name)).toEqual(before);
    expect((await experiments.find('e1', first)).state).toBe('decided');
    believed.isSigned = true;
    expect((await experiments.promote('e1', {}, first)).state).toBe('stopped');
  });

  it('that are taken back while somebody promotes them move no alias', async () => {
    const { stores, experiments, body } = await desk();
    await experiments.create(body, first);
    await experiments.start('e1', {}, first);
    const decision = { verdict: 'pass', at: 1, reason: 'test' } as const;
    await stores.experiments.transition('e1', { from: ['running'], to: 'decided', decision }, actor);
    const before = await stores.policies.aliases(TENANT, surface.name);
    const promoting = experiments.promote('e1', {}, first);
    await stores.experiments.transition('e1', { from: ['decided'], to: 'rolled-back' }, actor);
    await expect(promoting).rejects.toThrow('is rolled-back; it must be decided');
    expect(await stores.policies.aliases(TENANT, surface.name)).toEqual(before);
  });

  it('are never approved by whoever wrote what they now say, though another key wrote the first draft', async () => {
    const { experiments, body } = await desk();
    await experiments.create({ ...body, isApprovalNeeded: true }, first);
    await experiments.approve('e1', {}, third);
    const bolder = { ...body, isApprovalNeeded: true, ramp: { steps: [{ trafficShare: 0.5 }] } };
    await experiments.revise('e1', bolder, second);
    await expect(experiments.start('e1', {}, second)).rejects.toThrow('second key');
    await expect(experiments.approve('e1', {}, second)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(experiments.start('e1', {}, second)).rejects.toThrow('second key');
    await experiments.approve('e1', {}, first);
    expect((await experiments.start('e1', {}, second)).state).toBe('running');
  });

  it('that were approved and started keep needing a second key: for what is revised, and to promote', async () => {
    const { stores, experiments, body } = await desk();
    const approved = { ...body, isApprovalNeeded: true };
    await experiments.create(approved, first);
    await experiments.approve('e1', {}, second);
    await experiments.start('e1', {}, first);
    const looser = { ...approved, minUnits: 5000 };
    await expect(experiments.revise('e1', looser, first)).rejects.toThrow('pause it');
    await experiments.pause('e1', {}, first);
    for (const key of [first, second]) {
      const without = { ...body, isApprovalNeeded: false };
      await expect(experiments.revise('e1', without, key)).rejects.toMatchObject({ code: 'state_conflict' });
    }
    const resumed = await experiments.start('e1', {}, first);
    expect(resumed.approvals).toHaveLength(1);
    await experiments.pause('e1', {}, first);
    expect((await experiments.revise('e1', looser, first)).approvals ?? []).toEqual([]);
    await expect(experiments.start('e1', {}, first)).rejects.toThrow('second key');
    await expect(experiments.approve('e1', {}, first)).rejects.toMatchObject({ code: 'forbidden' });
    await experiments.approve('e1', {}, second);
    await experiments.start('e1', {}, first);
    const decision = { verdict: 'pass', at: 1, reason: 'test' } as const;
    await stores.experiments.transition('e1', { from: ['running'], to: 'decided', decision }, actor);
    await expect(experiments.approve('e1', { purpose: 'promote' }, first)).rejects.toThrow('cannot approve');
    await expect(experiments.promote('e1', {}, first)).rejects.toThrow('second key');
  });

  it('start what was approved, and nothing that an alias was moved to since', async () => {
    const { stores, experiments, versions, body } = await desk();
    await experiments.create({ ...body, isApprovalNeeded: true }, first);
    await experiments.approve('e1', {}, second);
    await stores.policies.setAlias(surface.name, 'challenger', versions[2], actor);
    await expect(experiments.start('e1', {}, first)).rejects.toThrow('has moved since it was declared');
    await stores.policies.setAlias(surface.name, 'challenger', versions[1], actor);
    expect((await experiments.start('e1', {}, first)).variants[1].policyVersion).toBe(versions[1]);
  });

  it('are not approved by a key that revises them at the same moment', async () => {
    const { stores, experiments, body } = await desk();
    await experiments.create({ ...body, isApprovalNeeded: true }, first);
    const revision = { ...body, isApprovalNeeded: true, level: 0.9 };
    const settled = await Promise.allSettled([
      experiments.approve('e1', {}, second),
      experiments.revise('e1', revision, second),
      experiments.approve('e1', {}, second),
    ]);
    expect(settled[1].status).toBe('fulfilled');
    const experiment = await stores.experiments.find(TENANT, 'e1');
    expect(experiment).toMatchObject({ level: 0.9, revisedBy: 'key-2' });
    await expect(experiments.start('e1', {}, second)).rejects.toThrow('second key');
  });

  it.each([
    ['variants', { variants: [{ name: 'a', role: 'control', alias: 'champion' }] }],
    [
      'variants',
      {
        variants: [
          { name: 'a', role: 'control' },
          { name: 'b', role: 'treatment' },
        ],
      },
    ],
    [
      'variants[1].alias',
      {
        variants: [
          { name: 'a', role: 'control', alias: 'champion' },
          { name: 'b', role: 'treatment', alias: 'nobody' },
        ],
      },
    ],
    ['ramp.steps[1].trafficShare', { ramp: { steps: [{ trafficShare: 0.2 }, { trafficShare: 0.1 }] } }],
    ['trafficShare', { trafficShare: 0.5 }],
    ['covariate.feature', { covariate: { kind: 'feature', feature: 'nowhere' } }],
    ['forcedUnits.u1', { forcedUnits: { u1: 'nobody' } }],
    ['salt', { salt: 'mine' }],
  ])('are refused with the field at fault: %s', async (field, change) => {
    const { experiments, body } = await desk();
    const refusal = await experiments.create({ ...body, ...change }, first).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'invalid_request' });
    const { violations } = refusal as { violations: { field: string }[] };
    expect(violations.some((one) => one.field.startsWith(field))).toBe(true);
  });
});
