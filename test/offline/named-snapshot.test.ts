import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateVersion } from '../../offline/evaluate.ts';
import { runSnapshot } from '../../offline/snapshot.ts';
import { runTraining } from '../../offline/train.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import type { Actor } from '../../src/service/ports/stores.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const records = makeRecords({ units: 60, perUnit: 4, seed: 5 });
const stores = { ...createMemoryStores({ now: () => worldEnd }), decisions: readerOf(records) };
const home = mkdtempSync(join(tmpdir(), 'allot-named-'));
const snapshotsDirectory = join(home, 'snapshots');
const [owner, stranger]: Actor[] = [
  { tenant: 'default', id: 'owner' },
  { tenant: 'rival', id: 'trainer' },
];
let version: string;

async function snapshotOf(tenant: string, runId: string, directory = snapshotsDirectory): Promise<void> {
  const actor = { tenant, id: 'test' };
  await stores.runs.create({ id: runId, kind: 'snapshot', surface: 'world', config: {} }, actor);
  await runSnapshot({ stores, tenant, runId, snapshotsDirectory: directory });
}

beforeAll(async () => {
  mkdirSync(snapshotsDirectory);
  const artifact = fixedPolicyArtifact(worldSurface, [0.5, 0.5]);
  const bytes = encodeArtifact(artifact);
  for (const actor of [owner, stranger]) {
    await stores.surfaces.declare(worldSurface, actor);
    const policy = { surface: 'world', header: artifact.header, bytes, hash: artifactHashOf(bytes) };
    ({ version } = await stores.policies.publish(policy, actor));
  }
  await snapshotOf('default', 'owned');
  await snapshotOf('default', 'outside', home);
  symlinkSync(join(home, 'outside'), join(snapshotsDirectory, 'linked'));
});
afterAll(() => rmSync(home, { recursive: true }));

let n = 0;
async function trains(actor: Actor, snapshot: string): Promise<unknown> {
  const runId = `run-${String(n++)}`;
  const config = { algorithm: 'bc', config: { steps: 1, batchSize: 32 }, snapshot };
  await stores.runs.create({ id: runId, kind: 'training', surface: 'world', config }, actor);
  return await runTraining({ stores, tenant: actor.tenant, runId, snapshotsDirectory });
}

const evaluates = async (actor: Actor, snapshot: string, snapshotsWithin: string | null) =>
  await evaluateVersion({
    ...{ surface: 'world', stores, actor, until: worldEnd, snapshotsWithin },
    config: { policyVersion: version, snapshot, resamples: 100 },
    snapshotDirectory: join(snapshotsDirectory, 'fresh'),
  });

const refusal = {
  code: 'snapshot_invalid',
  message: expect.stringContaining('none of surface world of this tenant in the snapshots folder') as string,
};

describe('a queued run that names a snapshot', () => {
  it('finds it by the id of the run that made it, or by its path', async () => {
    for (const named of ['owned', join(snapshotsDirectory, 'owned')]) {
      expect(await evaluates(owner, named, snapshotsDirectory)).toMatchObject({ surface: 'world' });
    }
    expect(await trains(owner, 'owned')).toMatchObject({ algorithm: 'bc' });
  });

  it.each([
    ['of another tenant', stranger, 'owned'],
    ['of another tenant, by its path', stranger, join(snapshotsDirectory, 'owned')],
    ['above the folder', owner, '../outside'],
    ['elsewhere', owner, join(home, 'outside')],
    ['behind a link that leads out', owner, 'linked'],
    ['that is the folder itself', owner, '.'],
    ['that is not there', owner, 'nowhere'],
  ])('is refused one %s, in the same words', async (_, actor, named) => {
    await expect(evaluates(actor, named, snapshotsDirectory)).rejects.toMatchObject(refusal);
    await expect(trains(actor, named)).rejects.toMatchObject(refusal);
  });

  it('cannot say where a snapshot is written', async () => {
    const config = { directory: join(home, 'chosen') };
    await stores.runs.create({ id: 'chosen', kind: 'snapshot', surface: 'world', config }, owner);
    const job = { stores, tenant: 'default', runId: 'chosen', snapshotsDirectory };
    await expect(runSnapshot(job)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('(known: asOf, behaviorVersions, from, until)') as string,
    });
  });
});

describe('a person at the command line', () => {
  it('names any folder, but only a snapshot of the tenant that they work for', async () => {
    const named = join(home, 'outside');
    expect(await evaluates(owner, named, null)).toMatchObject({ surface: 'world' });
    await expect(evaluates(stranger, named, null)).rejects.toMatchObject({ code: 'snapshot_invalid' });
  });
});
