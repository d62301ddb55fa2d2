import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { trainPolicy, type TrainedPolicy } from '../../offline/train.ts';
import { compilePolicy, type Policy } from '../../src/core/policy/policy.ts';
import type { FeatureValues, Surface } from '../../src/core/surface/surface.ts';
import {
  hideRate,
  likeRate,
  makeRecords,
  meanWatch,
  readerOf,
  trueValue,
  worldEnd,
  worldSurface,
} from './learning-world.ts';

let folder: string;
let dataset: Dataset;
const sessionSurface: Surface = { ...worldSurface, horizon: 'session' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-learning-'));
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 700, perUnit: 8, seed: 1 })),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: folder,
  });
  dataset = await loadDataset(folder);
  await chooseBackend();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tiny = { steps: 6, batchSize: 64 };
const train = (
  algorithm: string,
  config: Record<string, unknown>,
  change: { readonly surface?: Surface; readonly seed?: number } = {},
): Promise<TrainedPolicy> =>
  trainPolicy({ dataset, surface: worldSurface, algorithm, config, seed: 1, runId: 'run', ...change });

function insertProbability(policy: Policy): (values: FeatureValues) => number {
  const out = new Float64Array(2);
  return (values) => {
    policy.probabilities(values, [], out);
    return out[1];
  };
}

// Training takes seconds on a free core and minutes on a crowded one.
describe('on a bandit with known truth', { timeout: 180_000 }, () => {
  const quick = {
    steps: 100,
    warmUpSteps: 40,
    batchSize: 192,
    network: { hidden: [24], groupBlock: 0 },
  };
  const uniform = trueValue(meanWatch, () => 0.5);
  const best = trueValue(meanWatch, (values) => (meanWatch(values, 1) > meanWatch(values, 0) ? 1 : 0));
  const valueOf = (trained: TrainedPolicy, mean = meanWatch): number =>
    trueValue(mean, insertProbability(compilePolicy(trained.artifact, worldSurface)));

  it.each([
    ['crr', 0.5],
    ['awac', 0.5],
    ['iql', 0.5],
    ['cql', 0.5],
    ['sac', 0.5],
    ['td3bc', 0.4],
  ] as const)('%s closes more than %s of the gap between uniform and optimal', async (algorithm, share) => {
    const trained = await train(algorithm, quick);
    expect(valueOf(trained)).toBeGreaterThan(uniform + share * (best - uniform));
  });

  it('tscac closes more than half of it, with more likes and fewer hides than uniform; its planted fault loses on all three', async () => {
    const good = await train('tscac', { ...quick, stageOneSteps: 50 });
    const bad = await train('tscac', { ...quick, stageOneSteps: 50, plantedFault: 'inverted-reward' });
    expect(valueOf(good)).toBeGreaterThan(uniform + 0.5 * (best - uniform));
    expect(valueOf(good, likeRate)).toBeGreaterThan(trueValue(likeRate, () => 0.5));
    expect(valueOf(good, hideRate)).toBeLessThan(trueValue(hideRate, () => 0.5));
    expect(valueOf(bad)).toBeLessThan(uniform - 1);
    expect(valueOf(bad, likeRate)).toBeLessThan(trueValue(likeRate, () => 0.5));
    expect(valueOf(bad, hideRate)).toBeGreaterThan(trueValue(hideRate, () => 0.5));
  });

  it('bc learns the behaviour policy and says how well calibrated it is', async () => {
    const trained = await train('bc', { steps: 100, batchSize: 192, network: quick.network });
    const insert = insertProbability(compilePolicy(trained.artifact, worldSurface));
    const share = (isNew: boolean): number => trueValue((v, a) => (v['isNew'] === isNew ? a : 0), insert);
    expect(share(true) / 0.3).toBeLessThan(0.4);
    expect(share(false) / 0.7).toBeGreaterThan(0.42);
    expect(trained.metrics['expectedCalibrationError']).toBeLessThan(0.06);
    for (const group of ['low', 'mid', 'high']) {
      expect(trained.metrics[`calibrationRows:${group}`]).toBeGreaterThan(20);
      expect(trained.metrics[`expectedCalibrationError:${group}`]).toBeLessThan(0.15);
    }
  });

  it('a multiplier on a cost moves the policy away from it', async () => {
    const brief = { ...quick, steps: 60 };
    const free = await train('crr', brief);
    const charged = await train('crr', { ...brief, multipliers: { hide: 500 } });
    expect(valueOf(charged, hideRate)).toBeLessThan(valueOf(free, hideRate));
  });
});

describe('training refuses', { timeout: 120_000 }, () => {
  it('to go on after it diverged, saying what to try', async () => {
    const config = {
      ...tiny,
      warmUpSteps: 2,
      steps: 200,
      criticLearningRate: 1,
      weightDecay: 0,
      network: { layerNorm: false },
    };
    await expect(train('crr', config, { surface: sessionSurface })).rejects.toMatchObject({
      code: 'training_diverged',
      message: expect.stringMatching(/Try: lower/) as string,
    });
  });

  it('an algorithm, a response or an amount of data that is not there', async () => {
    await expect(train('magic', {})).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(train('crr', { ...tiny, warmUpSteps: 2, multipliers: { anger: 1 } })).rejects.toThrow(
      /anger/,
    );
    await expect(train('bc', { ...tiny, split: { train: 0.01 } })).rejects.toThrow(/at least 100/);
  });
});
