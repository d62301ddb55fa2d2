import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { chooseSeed, trainSeeds, type SeedOutcome } from '../../offline/learning/parallel/train-seeds.ts';
import { trainPolicy } from '../../offline/train.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-parallel-'));
let dataset: Dataset;

beforeAll(async () => {
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 300, perUnit: 4, seed: 1 })),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: folder,
  });
  dataset = await loadDataset(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = {
  steps: 6,
  batchSize: 32,
  network: { hidden: [8], groupBlock: 0 },
  split: { train: 0.6, validation: 0.3 },
};
const request = () => ({
  dataset,
  surface: worldSurface,
  algorithm: 'crr',
  config: { ...config, warmUpSteps: 2 },
});

describe('several seeds', { timeout: 120_000 }, () => {
  it('give the same bytes in two processes as in this one, each as if trained alone', async () => {
    const seeds = [1, 2, 3].map((seed) => ({ seed, runId: `run-${seed}` }));
    const phases = new Set<string>();
    const here = await trainSeeds({ ...request(), seeds, workers: 1 });
    const there = await trainSeeds({
      ...request(),
      seeds,
      workers: 2,
      progress: ({ phase }, seed) => phases.add(`${seed}: ${phase}`),
    });
    const alone = await trainPolicy({ ...request(), seed: 2, runId: 'run-2' });
    const hashes = (outcomes: SeedOutcome[]) =>
      outcomes.map((o) => ('trained' in o ? o.trained.hash : 'stopped'));
    expect(hashes(there)).toEqual(hashes(here));
    expect(hashes(there)[1]).toBe(alone.hash);
    expect(new Set(hashes(there)).size).toBe(3);
    expect(phases.size).toBe(3);
    const bounds = there.map((o) => ('trained' in o ? (o.trained.finished.validation?.lower ?? NaN) : NaN));
    const { chosen } = chooseSeed(there);
    expect(chosen?.seed).toBe(1 + bounds.indexOf(Math.max(...bounds)));
  });

  it('of which one diverges are all reported, and none is chosen', async () => {
    const outcomes = await trainSeeds({
      ...request(),
      config: { ...request().config, divergence: { maxQRatio: 1e-9 } },
      seeds: [
        { seed: 1, runId: null },
        { seed: 2, runId: null },
      ],
      workers: 1,
    });
    expect(outcomes.map((o) => 'stopped' in o && o.stopped.kind)).toEqual(['action-values', 'action-values']);
    expect(chooseSeed(outcomes)).toMatchObject({
      chosen: null,
      reason: expect.stringMatching(/seed 1, 2 stopped/) as string,
    });
  });

  it('are not chosen from where nothing was held out to tell them apart', async () => {
    const split = { train: 1, validation: 0 };
    const seeds = [1, 2].map((seed) => ({ seed, runId: null }));
    const outcomes = await trainSeeds({
      ...request(),
      config: { ...request().config, split },
      seeds,
      workers: 1,
    });
    expect(chooseSeed(outcomes)).toMatchObject({
      chosen: null,
      reason: expect.stringMatching(/cannot tell/) as string,
    });
  });
});
