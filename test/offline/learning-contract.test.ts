import * as tf from '@tensorflow/tfjs-core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { algorithmNames, createAlgorithm } from '../../offline/learning/algorithms/create-algorithm.ts';
import { crrLearner } from '../../offline/learning/algorithms/crr/learner.ts';
import { crrConfig } from '../../offline/learning/algorithms/crr/config.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { fitEncoder } from '../../offline/learning/data/encoder-fit.ts';
import { composeReward } from '../../offline/learning/data/rewards.ts';
import { batchOf, createTrainingData } from '../../offline/learning/data/training-data.ts';
import { trainPolicy, type TrainedPolicy } from '../../offline/train.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { decodeArtifact } from '../../src/core/policy/codec.ts';
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
const tinyConfig = (algorithm: string): Record<string, unknown> =>
  algorithm === 'bc'
    ? tiny
    : { ...tiny, warmUpSteps: 2, ...(algorithm === 'tscac' ? { stageOneSteps: 4 } : {}) };

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

describe.each([...algorithmNames])('%s', { timeout: 120_000 }, (algorithm) => {
  it('gives the same bytes for the same seed and others for another', async () => {
    const first = await train(algorithm, tinyConfig(algorithm));
    const again = await train(algorithm, tinyConfig(algorithm));
    const other = await train(algorithm, tinyConfig(algorithm), { seed: 2 });
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });

  it('decides the same after saving and loading, with a full distribution', async () => {
    const { artifact, bytes, parity } = await train(algorithm, tinyConfig(algorithm));
    const before = insertProbability(compilePolicy(artifact, worldSurface));
    const after = insertProbability(compilePolicy(decodeArtifact(bytes), worldSurface));
    for (const values of dataset.features.slice(0, 50)) {
      expect(after(values)).toBe(before(values));
      expect(before(values)).toBeGreaterThan(0);
      expect(before(values)).toBeLessThan(1);
    }
    expect(parity.states).toBe(dataset.rows);
    expect(parity.maxDifference).toBeLessThanOrEqual(1e-5);
  });

  it('leaves no tensor behind, with and without a bootstrap', async () => {
    await train(algorithm, tinyConfig(algorithm));
    const before = tf.memory().numTensors;
    await train(algorithm, tinyConfig(algorithm));
    await train(algorithm, tinyConfig(algorithm), { surface: sessionSurface });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('records its lineage and a curve, and reports progress to the end of every phase', async () => {
    const phases = new Map<string, number>();
    const { artifact, curve } = await trainPolicy({
      dataset,
      surface: worldSurface,
      algorithm,
      config: tinyConfig(algorithm),
      seed: 3,
      runId: 'run-7',
      progress: ({ phase, step, steps }) => phases.set(phase, step / steps),
    });
    expect(artifact.header.lineage).toMatchObject({
      runId: 'run-7',
      seed: 3,
      snapshotHash: dataset.manifest.contentHash,
    });
    expect([...phases.values()].every((share) => share === 1)).toBe(true);
    expect(new Set(curve.map((point) => point.phase))).toEqual(new Set(phases.keys()));
  });

  it('refuses a setting that it does not know, by name', () => {
    expect(() => createAlgorithm(algorithm, { stepz: 3 })).toThrow(/stepz/);
    expect(() => createAlgorithm(algorithm, { steps: -1 })).toThrow(/config\.steps/);
  });
});

describe('updates reach only what they should', () => {
  it('a critic update leaves the actor alone, an actor update the critics', () => {
    const config = crrConfig.parse({ ...tiny });
    const rows = Int32Array.from({ length: 200 }, (_, i) => i);
    const data = createTrainingData(dataset, fitEncoder(dataset, worldSurface, rows));
    const reward = composeReward(dataset, [{ response: 'watch', weight: 1 }], {
      trainRows: rows,
      discount: 0,
      plantedFault: null,
    });
    const learner = crrLearner(data, reward, 0, config, createRandom(1));
    const batch = batchOf(data, rows);
    const actor = learner.actor.exportWeights();
    const critic = learner.critic.networks[0].exportWeights();
    learner.updateCritic(batch);
    expect(learner.actor.exportWeights()).toEqual(actor);
    const moved = learner.critic.networks[0].exportWeights();
    expect(moved).not.toEqual(critic);
    learner.updateActor(batch);
    expect(learner.critic.networks[0].exportWeights()).toEqual(moved);
    expect(learner.actor.exportWeights()).not.toEqual(actor);
    learner.dispose();
  });
});

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

  it('crr closes more than half of the gap between uniform and optimal', async () => {
    const trained = await train('crr', quick);
    expect(valueOf(trained)).toBeGreaterThan(uniform + 0.5 * (best - uniform));
  });

  it('tscac does too, with more likes and fewer hides than uniform; its planted fault loses on all three', async () => {
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
      ...tinyConfig('crr'),
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
    await expect(train('crr', { ...tinyConfig('crr'), multipliers: { anger: 1 } })).rejects.toThrow(/anger/);
    await expect(train('bc', { ...tiny, split: { train: 0.01 } })).rejects.toThrow(/at least 100/);
  });
});
