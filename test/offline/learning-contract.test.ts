import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { actorProbabilities } from '../../offline/learning/actor-critic/actor.ts';
import { algorithmNames, createAlgorithm } from '../../offline/learning/algorithms/create-algorithm.ts';
import { batchOf, type Batch } from '../../offline/learning/data/training-data.ts';
import type { Learner } from '../../offline/learning/run/learner.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { trainPolicy, type TrainedPolicy, type TrainRequest } from '../../offline/train.ts';
import { decodeArtifact } from '../../src/core/policy/codec.ts';
import { compilePolicy, type Policy } from '../../src/core/policy/policy.ts';
import { serveProbabilities } from '../../src/core/policy/serve.ts';
import {
  contractDataset,
  contractSurface,
  copyState,
  eachLearner,
  hasCritic,
  known,
  moved,
  never,
  restoreState,
} from './learning-contract-world.ts';

/**
 * What every algorithm of the registry must do, asked of whatever learners it shows. A learner's state says what it is
 * made of: `actor/…`, `slow-actor/…` and `student/…` are policies, `critic…` (also inside a part) values; one without critics (cloning, a student) only
 * has the actor's duties. Resuming is tested in `resume.test.ts`.
 */
let dataset: Dataset;

beforeAll(async () => {
  dataset = await contractDataset(150);
  await chooseBackend();
});

const tiny = {
  steps: 4,
  stageOneSteps: 3,
  auxiliaries: ['like'],
  warmUpSteps: 2,
  batchSize: 48,
  network: { hidden: [12], groupBlock: 4 },
  distillation: { steps: 3, batchSize: 48, network: { hidden: [8], groupBlock: 0 } },
};
/** Learners that do one thing at a time: no weight decay, no rows shown as another group, a training of few steps. */
const plain = { ...tiny, steps: 1, stageOneSteps: 1, weightDecay: 0, groupDropout: 0 };
const criticOnly = { ...plain, warmUpSteps: 8 };
/** So small that an update of the critics cannot be seen. */
const actorOnly = { ...plain, warmUpSteps: 0, criticLearningRate: 1e-30 };

const train = (
  algorithm: string,
  change: Partial<Pick<TrainRequest, 'seed' | 'progress'>> = {},
): Promise<TrainedPolicy> =>
  trainPolicy({
    dataset,
    surface: contractSurface,
    algorithm,
    config: known(algorithm, tiny),
    seed: 1,
    runId: 'run-7',
    ...change,
  });

const rowsWhere = (holds: (row: number) => boolean, count: number): Int32Array =>
  Int32Array.from(Array.from({ length: dataset.rows }, (_, i) => i).filter(holds)).slice(0, count);

/** Two steps, because a delayed actor learns in every second one. */
function steps(learner: Learner, batch: Batch, count = 2): void {
  for (let i = 0; i < count; i += 1) tf.tidy(() => void learner.step(batch));
}

function decisions(policy: Policy): number[][] {
  return dataset.features.slice(0, 40).map((values, i) => {
    const out = new Float64Array(policy.actionCount);
    policy.probabilities(values, dataset.defaulted[i], out);
    return [...out];
  });
}

const total = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

describe.each([...algorithmNames])('%s', { timeout: 120_000 }, (algorithm) => {
  let first: TrainedPolicy;
  const phases = new Map<string, number>();

  beforeAll(async () => {
    first = await train(algorithm, {
      progress: ({ phase, step, steps: all }) => phases.set(phase, step / all),
    });
  }, 120_000);

  it('gives the same bytes for the same seed, others for another, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const again = await train(algorithm);
    const other = await train(algorithm, { seed: 2 });
    expect(tf.memory().numTensors).toBe(before);
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });

  it('decides a full distribution, the same after saving and loading, with its lineage', () => {
    const { artifact, bytes, parity } = first;
    const loaded = decodeArtifact(bytes);
    const decided = decisions(compilePolicy(artifact, contractSurface));
    expect(decisions(compilePolicy(loaded, contractSurface))).toEqual(decided);
    for (const p of decided) {
      expect(total(p)).toBeCloseTo(1, 12);
      expect(Math.min(...p)).toBeGreaterThan(0);
    }
    expect(parity.states).toBe(dataset.rows);
    expect(parity.maxDifference).toBeLessThanOrEqual(1e-5);
    const { contentHash: snapshotHash } = dataset.manifest;
    expect(loaded.header.lineage).toMatchObject({ runId: 'run-7', seed: 1, snapshotHash });
  });

  it('reports progress to the end of every phase, and a curve of each', () => {
    expect(phases.size).toBeGreaterThan(0);
    expect([...phases.values()].filter((share) => share !== 1)).toEqual([]);
    expect(new Set(first.curve.map((point) => point.phase))).toEqual(new Set(phases.keys()));
  });

  it('refuses a setting that it does not know, or that is out of range, by name', () => {
    expect(() => createAlgorithm(algorithm, { stepz: 3 })).toThrow(/stepz/);
    expect(() => createAlgorithm(algorithm, { steps: -1 })).toThrow(/config\.steps/);
    expect(() => createAlgorithm(algorithm, { network: { widths: [3] } })).toThrow(/config\.network.*widths/);
  });

  it('updates critics without touching the actor, and the actor without touching the critics', async () => {
    const rows = rowsWhere((row) => dataset.isForced[row] === 0, 48);
    let critics = 0;
    await eachLearner(algorithm, criticOnly, dataset, (learner, data) => {
      if (!hasCritic(learner)) return;
      critics += 1;
      const before = copyState(learner);
      steps(learner, batchOf(data, rows));
      expect(moved(learner, before, 'actor')).toEqual([]);
      expect(moved(learner, before, 'critic')).not.toEqual([]);
    });
    // A state under other names would leave out every check of critics without a word.
    expect(critics > 0).toBe(algorithm !== 'bc');
    await eachLearner(algorithm, actorOnly, dataset, (learner, data) => {
      const before = copyState(learner);
      steps(learner, batchOf(data, rows));
      expect(moved(learner, before, 'critic', 1e-20)).toEqual([]);
      expect(moved(learner, before, 'actor')).not.toEqual([]);
    });
  });

  it('masks terminal, unknown and incomplete rows one by one: a batch loses the mean of its rows', async () => {
    const settings = { ...criticOnly, polyak: 1, criticLearningRate: 0.01, advantageFloor: 0 };
    await eachLearner(algorithm, settings, dataset, (learner, data) => {
      if (!hasCritic(learner)) return;
      const rows = rowsWhere((row) => row % 5 < 2, 10);
      const inside = Array.from(rows).filter((row) => data.nextRow[row] >= 0);
      data.isComplete[inside[0]] = 0;
      data.nextRow[inside[1]] = -1;
      steps(learner, batchOf(data, rows), 6);
      const at = copyState(learner);
      const lossOf = (...of: number[]): number => {
        const { criticLoss } = tf.tidy(() => learner.step(batchOf(data, Int32Array.from(of))));
        restoreState(learner, at);
        return criticLoss;
      };
      const isUsed = (row: number): boolean =>
        data.isComplete[row] === 1 && (data.done[row] === 1 || data.nextRow[row] >= 0);
      const used = Array.from(rows).filter(isUsed);
      const own = new Map(used.map((row) => [row, lossOf(row)]));
      const together = lossOf(...rows);
      expect(new Set(used.map((row) => data.done[row])).size).toBe(2);
      expect([lossOf(inside[0]), lossOf(inside[1])]).toEqual([0, 0]);
      expect((together * used.length) / total([...own.values()])).toBeCloseTo(1, 4);
      // The end of a session cuts the bootstrap of its own row, and of no other.
      data.done[inside[2]] = 1;
      const change = lossOf(inside[2]) - (own.get(inside[2]) ?? NaN);
      expect(Math.abs(change)).toBeGreaterThan(1e-6);
      expect((lossOf(...rows) - together) * used.length).toBeCloseTo(change, 4);
    });
  });

  it('refuses a column where a vector belongs', async () => {
    const rows = rowsWhere((row) => dataset.isForced[row] === 0, 8);
    const column = tf.ones([8, 1]);
    await eachLearner(algorithm, actorOnly, dataset, (learner, data) => {
      const batch = batchOf(data, rows);
      const at = copyState(learner);
      const refuses = (broken: Partial<Batch>): void => {
        expect(() => steps(learner, { ...batch, ...broken })).toThrow(/has shape \[8,[18]\]/);
        restoreState(learner, at);
      };
      refuses({ eligible: column as tf.Tensor2D });
      if (!hasCritic(learner)) return;
      refuses({ isComplete: column as unknown as tf.Tensor1D });
      refuses({ isSteerable: column as unknown as tf.Tensor1D });
    });
    column.dispose();
  });

  it('learns nothing about the policy from forced rows', async () => {
    // Rows with a choice, so that only the mark keeps the policy from learning what was done.
    const rows = rowsWhere((row) => dataset.isForced[row] === 0, 24);
    await eachLearner(algorithm, actorOnly, dataset, (learner, data, phase) => {
      // A student imitates its teacher wherever the service will ask it.
      if (/student|distil/.test(phase)) return;
      for (const row of rows) data.isSteerable[row] = 0;
      const before = copyState(learner);
      steps(learner, batchOf(data, rows));
      expect(moved(learner, before, 'actor')).toEqual([]);
    });
  });

  it('gives an action that is not eligible neither probability nor gradient', async () => {
    const rows = rowsWhere(() => true, 48);
    await eachLearner(algorithm, { ...plain, warmUpSteps: 0 }, dataset, (learner, data) => {
      const batch = batchOf(data, rows);
      steps(learner, batch, 4);
      const p = tf.tidy(() => actorProbabilities(learner.actor, batch).arraySync());
      p.forEach((own, b) => {
        expect(total(own)).toBeCloseTo(1, 5);
        own.forEach((value, a) => expect(value > 0).toBe(data.eligible[rows[b] * 3 + a] === 1));
      });
      const weights = learner.actor.exportWeights();
      const outputBias = [...weights.subarray(weights.length - 3)];
      expect(outputBias[never]).toBe(0);
      expect(outputBias[0]).not.toBe(0);
    });
    const [policyProbabilities] = decisions(compilePolicy(first.artifact, contractSurface));
    const out = new Float64Array(3);
    serveProbabilities(
      {
        surface: contractSurface,
        policyProbabilities: Float64Array.from(policyProbabilities),
        eligible: [true, true, false],
        values: dataset.features[0],
        unitCounts: () => 0,
        pacingFactor: 1,
      },
      out,
    );
    expect(out[never]).toBe(0);
    expect(total(out)).toBeCloseTo(1, 12);
  });
});
