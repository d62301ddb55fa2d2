import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { temperatureGradient } from '../../offline/learning/actor-critic/temperature.ts';
import { awacActorLoss, awacWeights } from '../../offline/learning/algorithms/awac/losses.ts';
import {
  expectedCalibrationError,
  selectRows,
  type LabelledLogits,
} from '../../offline/learning/algorithms/bc/calibration.ts';
import { conservativePenalty } from '../../offline/learning/algorithms/cql/losses.ts';
import { expectileLoss, iqlActorLoss, iqlWeights } from '../../offline/learning/algorithms/iql/losses.ts';
import { meanEntropy, sacActorLoss, softStateValues } from '../../offline/learning/algorithms/sac/losses.ts';
import { meanAbsoluteValue, td3bcActorLoss } from '../../offline/learning/algorithms/td3bc/losses.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { maskedLogSoftmax } from '../../offline/learning/tensors/ops.ts';

beforeAll(async () => {
  await chooseBackend();
});

const vector = (...values: number[]): tf.Tensor1D => tf.tensor1d(values);
const matrix = (...rows: number[][]): tf.Tensor2D => tf.tensor2d(rows);
const both = (): tf.Tensor2D => tf.ones([2, 2]);
const first = (): tf.Tensor2D => matrix([1, 0], [1, 0]);
const gradientOf = (f: (x: tf.Tensor2D) => tf.Scalar, x: tf.Tensor2D): number[] => [
  ...tf
    .grad((t: tf.Tensor) => f(t as tf.Tensor2D))(x)
    .dataSync(),
];

describe('IQL', () => {
  const loss = (value: number, expectile: number): number =>
    expectileLoss(vector(value), vector(1), vector(1), expectile).dataSync()[0];

  it('weighs a value that is too low by τ and one that is too high by 1 − τ', () => {
    expect(loss(0, 0.7)).toBeCloseTo(0.7, 6);
    expect(loss(2, 0.7)).toBeCloseTo(0.3, 6);
  });

  it('has its least loss at the expectile: the mean for τ = ½, near the best for τ → 1', () => {
    const taken = [0, 0, 0, 4];
    const best = (expectile: number): number => {
      const grid = Array.from({ length: 401 }, (_, i) => i / 100);
      const at = (v: number): number =>
        tf.tidy(
          () =>
            expectileLoss(vector(v, v, v, v), vector(...taken), vector(1, 1, 1, 1), expectile).dataSync()[0],
        );
      return grid.reduce((least, v) => (at(v) < at(least) ? v : least), 0);
    };
    expect(best(0.5)).toBeCloseTo(1, 2);
    // 0.9 (4 − v) = 3 · 0.1 v
    expect(best(0.9)).toBeCloseTo(3, 2);
  });

  it('weighs logged actions by exp(β û) up to the largest weight, forced rows by nothing', () => {
    const options = { beta: 3, maxWeight: 100, advantageFloor: 0 };
    const weights = iqlWeights(vector(1, -1, 50), vector(0, 0, 0), vector(1, 1, 0), options).dataSync();
    expect(weights[0]).toBeCloseTo(Math.exp(3), 3);
    expect(weights[1]).toBeCloseTo(Math.exp(-3), 5);
    expect(weights[2]).toBe(0);
    const steep = iqlWeights(vector(1, -1), vector(0, 0), vector(1, 1), { ...options, beta: 9 }).dataSync();
    expect(steep[0]).toBe(100);
  });
});

describe('AWAC', () => {
  it('weighs by the softmax over the rows of the batch that no rule forced, however large the advantages', () => {
    const advantage = matrix([1000, 0], [1001, 0], [9999, 0]);
    const actions = matrix([1, 0], [1, 0], [1, 0]);
    const weights = awacWeights(advantage, actions, vector(1, 1, 0), 1).dataSync();
    expect(weights[0] / weights[1]).toBeCloseTo(Math.exp(-1), 5);
    expect([weights[1], weights[2]]).toEqual([1, 0]);
  });
});

describe('CQL', () => {
  it('charges log Σ exp Q − Q(a) over the eligible actions only', () => {
    const q = matrix([1, 2, 50]);
    const penalty = conservativePenalty(q, matrix([1, 1, 0]), matrix([1, 0, 0]), vector(1)).dataSync()[0];
    expect(penalty).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(2)) - 1, 5);
  });

  it('pushes the logged action up and the other eligible one down by as much', () => {
    const gradient = gradientOf(
      (q) => conservativePenalty(q, matrix([1, 1, 0]), matrix([1, 0, 0]), vector(1)),
      matrix([0, 0, 0]),
    );
    expect(gradient.map((g) => Number(g.toFixed(5)))).toEqual([-0.5, 0.5, 0]);
  });
});

describe('TD3+BC', () => {
  it('takes the mean |Q| over the eligible actions', () => {
    const mean = meanAbsoluteValue(matrix([-1, 3, 90]), matrix([1, 1, 0])).dataSync()[0];
    expect(mean).toBeCloseTo(2, 6);
  });

  it('is −Σ π λQ + cross-entropy, and 0 on forced rows', () => {
    const logits = matrix([0, Math.LN2], [5, 5]);
    const batch = { eligible: both(), actions: first(), isSteerable: vector(1, 0) };
    const loss = td3bcActorLoss(logits, batch, matrix([3, 6], [100, 100])).dataSync()[0];
    expect(loss).toBeCloseTo(-(3 / 3 + (2 / 3) * 6) + Math.log(3), 5);
  });
});

describe('discrete SAC', () => {
  it('sums Q − α log π over the actions, and an ineligible one counts nothing', () => {
    const logP = maskedLogSoftmax(matrix([0, 0, 7]), matrix([1, 1, 0]));
    const values = softStateValues(matrix([1, 3, 1e6]), logP, 0.5);
    expect(values.shape).toEqual([1]);
    expect(values.dataSync()[0]).toBeCloseTo(2 + 0.5 * Math.LN2, 5);
  });

  it('has no gradient where π = softmax(Q/α), without cloning', () => {
    const q = matrix([1, 2], [0.5, -1]);
    const batch = { eligible: both(), actions: first(), isSteerable: vector(1, 1) };
    const options = { alpha: 0.25, cloningWeight: 0 };
    const gradient = gradientOf(
      (logits) => sacActorLoss(logits, batch, q, options),
      tf.mul<tf.Tensor2D>(q, 4),
    );
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-6);
  });

  it('raises α below the target entropy and lowers it above', () => {
    expect(temperatureGradient(0.5, 0.3, 0.6)).toBeLessThan(0);
    expect(temperatureGradient(0.5, 0.9, 0.6)).toBeCloseTo(0.15, 12);
  });

  it('measures the entropy of the rows with weight', () => {
    const logP = tf.log<tf.Tensor2D>(matrix([0.5, 0.5], [0.99, 0.01]));
    expect(meanEntropy(logP, vector(1, 0))).toBeCloseTo(Math.LN2, 5);
  });
});

describe('every loss refuses a (B,1) against a (B)', () => {
  const column = (): tf.Tensor1D => tf.ones([2, 1]) as unknown as tf.Tensor1D;
  const two = (): tf.Tensor1D => vector(1, 1);
  const q = (): tf.Tensor2D => tf.ones([2, 2]);
  const options = { beta: 1, maxWeight: 1, advantageFloor: 0 };
  const broken = { eligible: both, actions: first };
  const cases: Record<string, () => unknown> = {
    'IQL values': () => expectileLoss(column(), two(), two(), 0.5),
    'IQL taken': () => expectileLoss(two(), column(), two(), 0.5),
    'IQL weights': () => iqlWeights(two(), two(), column(), options),
    'IQL actor': () => iqlActorLoss(q(), both(), first(), column()),
    'AWAC weights': () => awacWeights(q(), first(), column(), 1),
    'AWAC actor': () => awacActorLoss(q(), both(), first(), column()),
    'CQL penalty': () => conservativePenalty(q(), both(), first(), column()),
    'TD3+BC actor': () =>
      td3bcActorLoss(
        q(),
        { eligible: broken.eligible(), actions: broken.actions(), isSteerable: column() },
        q(),
      ),
    'SAC values': () => softStateValues(q(), tf.ones([2, 1]), 1),
    'SAC entropy': () => meanEntropy(q(), column()),
  };
  it.each(Object.keys(cases))('%s', (name) => {
    expect(cases[name]).toThrow(/has shape \[2,[12]\]/);
  });
});

describe('calibration', () => {
  const sure: LabelledLogits = {
    actionCount: 2,
    logits: Float64Array.of(9, 0, 9, 0, 0, 9, 0, 9),
    labels: Int32Array.of(0, 0, 0, 0),
  };
  it('of some rows is of those rows only', () => {
    expect(expectedCalibrationError(selectRows(sure, [0, 1]), 1)).toBeLessThan(0.001);
    expect(expectedCalibrationError(selectRows(sure, [2, 3]), 1)).toBeGreaterThan(0.99);
    expect(expectedCalibrationError(sure, 1)).toBeCloseTo(0.5, 2);
  });
});
