import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { splitByUnitAndTime } from '../../offline/dataset/split.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { trainPolicy, type TrainedPolicy } from '../../offline/train.ts';
import { oversample } from '../../offline/learning/algorithms/tscac/sparse-critic.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

let folder: string;
let dataset: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-sweep-'));
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 900, perUnit: 8, seed: 2 })),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: folder,
  });
  dataset = await loadDataset(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const config = {
  steps: 80,
  warmUpSteps: 30,
  stageOneSteps: 40,
  batchSize: 192,
  network: { hidden: [16], groupBlock: 0 },
  split: { train: 0.5, validation: 0.3 },
  lambdaSweep: [0.05, 3],
};
const withLimit = (threshold: number): Surface => ({
  ...worldSurface,
  constraints: [{ name: 'few', on: 'share-of-actions', direction: 'at-most', threshold }],
});
const train = (
  change: Record<string, unknown>,
  surface = worldSurface,
  data = dataset,
): Promise<TrainedPolicy> =>
  trainPolicy({
    dataset: { ...data, manifest: { ...data.manifest, surface } },
    surface,
    algorithm: 'tscac',
    config: { ...config, ...change },
    seed: 1,
    runId: null,
  });

let opened: Promise<TrainedPolicy> | undefined;
/** With so much slack that every λ passes; trained once. */
const open = (): Promise<TrainedPolicy> => (opened ??= train({ auxiliarySlack: 10 }));

describe('the λ sweep of tscac', { timeout: 240_000 }, () => {
  it('takes the largest lower bound of the main response among the feasible λ, and stores the table', async () => {
    const { metrics, curve } = await open();
    expect(metrics).toMatchObject({
      sweepIsFeasible: 1,
      'sweep:3:isFeasible': 1,
      'sweep:0.05:isFeasible': 1,
    });
    const better = metrics['sweep:0.05:mainLower'] > metrics['sweep:3:mainLower'] ? 0.05 : 3;
    expect(metrics['lambda']).toBe(better);
    const phases = [...new Set(curve.map(({ phase }) => phase))];
    expect(phases).toEqual(['stage one: like', 'stage one: hide', 'stage two, λ = 0.05', 'stage two, λ = 3']);
  });

  it('leaves out a λ whose policy breaks a declared constraint, though its main response is higher', async () => {
    const { metrics } = await open();
    expect(metrics['sweep:0.05:mainLower']).toBeGreaterThan(metrics['sweep:3:mainLower']);
    const sharesAt = async (threshold: number): Promise<TrainedPolicy> =>
      train({ auxiliarySlack: 10 }, withLimit(threshold));
    const probe = (await sharesAt(0.5)).metrics;
    const [loose, strict] = [probe['sweep:0.05:few:bound'], probe['sweep:3:few:bound']];
    expect(strict).toBeLessThan(loose);
    const chosen = await sharesAt((loose + strict) / 2);
    expect(chosen.metrics).toMatchObject({ lambda: 3, sweepIsFeasible: 1, 'sweep:0.05:isFeasible': 0 });
  });

  it('says when no λ passes and takes the one of least violation', async () => {
    const { metrics } = await train({ auxiliarySlack: 10 }, withLimit(0.03));
    expect(metrics['sweepIsFeasible']).toBe(0);
    const least = metrics['sweep:0.05:violation'] < metrics['sweep:3:violation'] ? 0.05 : 3;
    expect(metrics['lambda']).toBe(least);
  });

  it('never touches a test row', async () => {
    const split = splitByUnitAndTime(dataset, { by: 'unit', train: 0.5, validation: 0.3, salt: 'split' });
    const spoilt = new Map([...dataset.responses].map(([name, values]) => [name, values.slice()]));
    for (const values of spoilt.values()) for (const row of split.test) values[row] = 1;
    const brief = { steps: 20, stageOneSteps: 10 };
    const clean = await train(brief);
    const other = await train(brief, worldSurface, { ...dataset, responses: spoilt });
    expect(other.hash).toBe(clean.hash);
    expect(other.metrics).toEqual(clean.metrics);
  });
});

describe('a sparse auxiliary', { timeout: 60_000 }, () => {
  it('oversampled keeps the mean of its response, with half of the batch on events', () => {
    const values = Float64Array.from({ length: 2000 }, (_, row) => (row % 100 === 0 ? 1 : 0));
    const events = { rows: Int32Array.from({ length: 20 }, (_, i) => 100 * i), share: 0.01 };
    const random = createRandom(6);
    let weighted = 0;
    let total = 0;
    let seen = 0;
    for (let step = 0; step < 200; step += 1) {
      const uniform = Int32Array.from({ length: 64 }, () => random.integer(2000));
      const { rows, weights } = oversample(uniform, events, random.fork(String(step)));
      rows.forEach((row, b) => {
        weighted += weights[b] * values[row];
        total += weights[b];
        seen += values[row];
      });
    }
    expect(seen / (200 * 64)).toBeGreaterThan(0.48);
    expect(weighted / total).toBeCloseTo(0.01, 3);
  });

  it('trains with such a critic when its events are rarer than asked', async () => {
    const brief = { steps: 20, stageOneSteps: 10, lambdaSweep: [] };
    const plain = await train(brief);
    const sparse = await train({ ...brief, sparseBelow: 0.04 });
    expect(sparse.hash).not.toBe(plain.hash);
    expect((await train({ ...brief, sparseBelow: 0.04 })).hash).toBe(sparse.hash);
  });
});
