import * as tf from '@tensorflow/tfjs-core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { splitByUnitAndTime } from '../../offline/dataset/split.ts';
import { layersFor, networkConfig } from '../../offline/learning/config.ts';
import { fitEncoder } from '../../offline/learning/data/encoder-fit.ts';
import { createTrainingData } from '../../offline/learning/data/training-data.ts';
import { distillationConfig } from '../../offline/learning/distillation/config.ts';
import { distil } from '../../offline/learning/distillation/distil.ts';
import { fidelityOf } from '../../offline/learning/distillation/fidelity.ts';
import { distillationLoss, groupWeights } from '../../offline/learning/distillation/losses.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import type { TrainingContext } from '../../offline/learning/run/learner.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { trainPolicy } from '../../offline/train.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

let folder: string;
let dataset: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-distil-'));
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 400, perUnit: 6, seed: 1 })),
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

describe('the distillation loss', () => {
  it('is T² KL(teacher ‖ student) of the softened distributions, over the eligible actions', () => {
    const temperature = 2;
    const teacher = [2, -1, 5];
    const student = [0.5, 0.3, -4];
    const soft = (z: number[]): number[] => {
      const e = z.map((x) => Math.exp(x / temperature));
      return e.slice(0, 2).map((x) => x / (e[0] + e[1]));
    };
    const [p, q] = [soft(teacher), soft(student)];
    const expected = 4 * p.reduce((sum, pa, a) => sum + pa * Math.log(pa / q[a]), 0);
    tf.tidy(() => {
      const loss = distillationLoss(
        tf.tensor2d([student]),
        tf.tensor2d([teacher]),
        tf.tensor2d([[1, 1, 0]]),
        tf.tensor1d([1]),
        temperature,
      );
      expect(loss.dataSync()[0]).toBeCloseTo(expected, 5);
    });
  });

  it('is 0, with a zero gradient, for a student that is its teacher; rows count by their weights', () => {
    tf.tidy(() => {
      const teacher = tf.tensor2d([[1, -1], [0, 3]]); // prettier-ignore
      const eligible = tf.onesLike(teacher);
      const loss = (z: tf.Tensor, weights: number[]): tf.Scalar =>
        distillationLoss(z as tf.Tensor2D, teacher, eligible, tf.tensor1d(weights), 1);
      expect(loss(teacher, [1, 1]).dataSync()[0]).toBeCloseTo(0, 6);
      const gradient = tf
        .grad((z: tf.Tensor) => loss(z, [1, 1]))(teacher)
        .dataSync();
      for (const g of gradient) expect(g).toBeCloseTo(0, 6);
      const student = tf.tensor2d([[1, -1], [9, 0]]); // prettier-ignore
      expect(loss(student, [1, 0]).dataSync()[0]).toBeCloseTo(0, 6);
      expect(loss(student, [0, 1]).dataSync()[0]).toBeGreaterThan(1);
    });
  });

  it('weighs rows so that every group that occurs counts the same, up to ten times', () => {
    const groups = Int32Array.from({ length: 1000 }, (_, i) => (i < 1 ? 3 : i < 400 ? 1 : 2));
    const rows = Int32Array.from({ length: 1000 }, (_, i) => i);
    const weights = groupWeights(groups, rows, 4);
    expect(weights[1] * 399).toBeCloseTo(weights[2] * 600, 3);
    expect(weights[3]).toBe(10);
    expect(weights[0]).toBe(1);
  });
});

describe('fidelity', () => {
  it('counts agreement, total variation and the difference in allocations', () => {
    const teacher = [0.9, 0.1, 0.4, 0.6];
    const student = [0.8, 0.2, 0.6, 0.4];
    const { agreement, totalVariation, totalVariationP99, allocationDifference } = fidelityOf(
      teacher,
      student,
      2,
      0,
      [0, 1],
    );
    expect(agreement).toBe(0.5);
    expect(totalVariation).toBeCloseTo(0.15, 12);
    expect(totalVariationP99).toBeCloseTo(0.1, 12);
    expect(allocationDifference).toBeCloseTo((0.1 - 0.2) / 2, 12);
    expect(fidelityOf(teacher, teacher, 2, 0, [0, 1])).toMatchObject({ agreement: 1, totalVariation: 0 });
  });
});

describe('a distilled student', { timeout: 60_000 }, () => {
  function contextOf(): TrainingContext {
    const split = splitByUnitAndTime(dataset, { by: 'unit', train: 0.7, validation: 0.2, salt: 'split' });
    const data = createTrainingData(dataset, fitEncoder(dataset, worldSurface, split.train));
    return {
      surface: worldSurface,
      dataset,
      data,
      split,
      random: createRandom(1),
      progress: () => undefined,
    };
  }

  /** A teacher with opinions: its output layer starts near 0 and is scaled up. */
  function teacherFor({ data }: TrainingContext): Network {
    const teacher = new Network(
      layersFor(networkConfig.parse({}), data.width, data.groupCount, 2),
      createRandom(5),
    );
    for (const parameter of teacher.parameters.slice(-2)) {
      parameter.values.forEach((w, i) => (parameter.values[i] = 25 * w));
      parameter.upload();
    }
    return teacher;
  }

  it('learns a smaller network to choose like its teacher, and leaves the teacher alone', async () => {
    const context = contextOf();
    const teacher = teacherFor(context);
    const before = teacher.exportWeights();
    const config = distillationConfig.parse({ steps: 200, batchSize: 192 });
    const { student, metrics, curve } = await distil(context, teacher, config);
    expect(teacher.exportWeights()).toEqual(before);
    expect(student.weightCount).toBeLessThan(teacher.weightCount / 2);
    // A random network is harder to learn than any policy that training ends with; see below for one of those.
    expect(metrics['student:agreement']).toBeGreaterThan(0.8);
    const losses = curve.map((point) => point.metrics['distillationLoss']);
    expect(losses[losses.length - 1]).toBeLessThan(0.5 * losses[0]);
    expect(new Set(curve.map(({ phase }) => phase))).toEqual(new Set(['distillation']));
    teacher.dispose();
    student.dispose();
  });

  it('of a trained policy is close to it on units that it did not learn from, overall and in every group', async () => {
    const config = {
      ...{
        steps: 100,
        warmUpSteps: 20,
        actorDelay: 1,
        batchSize: 128,
        network: { hidden: [16], groupBlock: 8 },
      },
      distillation: { steps: 200, batchSize: 192, network: { hidden: [16], groupBlock: 0 } },
    };
    const { metrics } = await trainPolicy({
      dataset,
      surface: worldSurface,
      algorithm: 'slmgac',
      config: { ...config, split: { train: 0.7, validation: 0.2 } },
      seed: 1,
      runId: null,
    });
    expect(metrics['student:agreement']).toBeGreaterThan(0.92);
    expect(metrics['student:totalVariation']).toBeLessThan(0.06);
    expect(metrics['student:totalVariationP99']).toBeLessThan(0.3);
    expect(Math.abs(metrics['student:allocationDifference'])).toBeLessThan(0.02);
    for (const group of ['low', 'mid', 'high']) {
      expect(metrics[`student:agreement:${group}`]).toBeGreaterThan(0.88);
      expect(Math.abs(metrics[`student:allocationDifference:${group}`])).toBeLessThan(0.04);
    }
  });

  it('is what slmgac exports; without distillation that is the teacher', async () => {
    const config = { steps: 4, warmUpSteps: 2, batchSize: 64 };
    const student = { steps: 10, batchSize: 64, network: { hidden: [8], groupBlock: 0 } };
    const train = (distillation: unknown) =>
      trainPolicy({
        dataset,
        surface: worldSurface,
        algorithm: 'slmgac',
        config: { ...config, distillation },
        seed: 1,
        runId: null,
      });
    const taught = await train(student);
    const plain = await train(null);
    const shape = (layers: typeof taught.artifact.header.network): string[] => layers.map(({ kind }) => kind);
    expect(shape(taught.artifact.header.network)).toEqual(['dense', 'layer-norm', 'dense']);
    expect(shape(plain.artifact.header.network)).toContain('group-routed');
    expect(taught.metrics['student:agreement']).toBeTypeOf('number');
    expect(plain.metrics['student:agreement']).toBeUndefined();
    const teacherCurve = (curve: typeof plain.curve) => curve.filter(({ phase }) => phase === 'actor-critic');
    expect(teacherCurve(taught.curve)).toEqual(plain.curve);
  });
});
