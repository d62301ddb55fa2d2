import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSnapshot } from '../../offline/snapshot.ts';
import { runTraining } from '../../offline/train.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const actor = { tenant: 'default', id: 'test' };
const records = makeRecords({ units: 60, perUnit: 4, seed: 5 });
const stores = { ...createMemoryStores({ now: () => worldEnd }), decisions: readerOf(records) };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-run-'));
  await stores.surfaces.declare(worldSurface, actor);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a training run', () => {
  const config = { algorithm: 'bc', seed: 4, config: { steps: 5, batchSize: 32 } };
  const job = (runId: string) => ({ stores, tenant: 'default', runId, snapshotsDirectory: folder });

  it('freezes the log, trains, registers the policy and says all of it in its result', async () => {
    await stores.runs.create({ id: 'run-1', kind: 'training', surface: 'world', config }, actor);
    const result = await runTraining(job('run-1'));
    expect(result).toMatchObject({ policyVersion: 'world@1', algorithm: 'bc', seed: 4 });
    const bytes = await stores.policies.artifact('default', 'world@1');
    expect(bytes?.length).toBeGreaterThan(1000);
    const version = await stores.policies.find('default', 'world@1');
    expect(version?.artifactHash).toBe(result['artifactHash']);
    expect(version?.header?.lineage).toMatchObject({ runId: 'run-1', snapshotHash: result['snapshotHash'] });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('that is tried again finds its snapshot and gives the same version', async () => {
    const again = await runTraining(job('run-1'));
    expect(again['policyVersion']).toBe('world@1');
  });

  it('trains on the folder that a snapshot run wrote', async () => {
    const range = { until: worldEnd };
    await stores.runs.create({ id: 'snap-1', kind: 'snapshot', surface: 'world', config: range }, actor);
    const snapshot = await runSnapshot(job('snap-1'));
    expect(snapshot).toMatchObject({ rows: 240, units: 60 });
    const onFolder = { ...config, seed: 5, snapshot: snapshot['directory'] };
    await stores.runs.create({ id: 'run-2', kind: 'training', surface: 'world', config: onFolder }, actor);
    const result = await runTraining(job('run-2'));
    expect(result).toMatchObject({
      policyVersion: 'world@2',
      snapshotHash: snapshot['contentHash'],
    });
  });

  it('that nobody stored is refused', async () => {
    await expect(runTraining(job('none'))).rejects.toMatchObject({ code: 'run_unknown' });
  });
});
