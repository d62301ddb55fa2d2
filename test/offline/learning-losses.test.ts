import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  cloningLoss,
  improvementLoss,
  projectionLoss,
} from '../../offline/learning/actor-critic/actor-losses.ts';
import {
  expectedCalibrationError,
  fitTemperature,
} from '../../offline/learning/algorithms/bc/calibration.ts';
import { crrWeights } from '../../offline/learning/algorithms/crr/losses.ts';
import { projectionTarget, withSupportFloor } from '../../offline/learning/algorithms/tscac/losses.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import {
  advantages,
  criticLoss,
  standardise,
  tdTarget,
} from '../../offline/learning/actor-critic/critic-losses.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import { dense, maskedLogSoftmax, normalise, silu } from '../../offline/learning/tensors/ops.ts';
import { outsideTape } from '../../offline/learning/tensors/outside-tape.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { LayerSpec } from '../../src/core/policy/artifact.ts';

beforeAll(async () => {
  await chooseBackend();
});

const random = createRandom(11);
const matrix = (rows: number, columns: number): tf.Tensor2D =>
  tf.tensor2d(
    Float32Array.from({ length: rows * columns }, () => random.normal()),
    [rows, columns],
  );
const ones = (rows: number, columns: number): tf.Tensor2D => tf.ones([rows, columns]);

/** Largest |analytic − central difference| of f at x, relative to 1 + |value|. */
function gradientError(f: (x: tf.Tensor2D) => tf.Scalar, x: tf.Tensor2D): number {
  const analytic = tf
    .grad((t: tf.Tensor) => f(t as tf.Tensor2D))(x)
    .dataSync();
  const values = x.dataSync().slice();
  const h = 1e-2;
  return Math.max(
    ...analytic.map((g, i) => {
      const at = (shift: number): number => {
        const moved = values.slice();
        moved[i] += shift;
        return f(tf.tensor2d(moved as Float32Array, x.shape)).dataSync()[0];
      };
      return Math.abs((at(h) - at(-h)) / (2 * h) - g) / (1 + Math.abs(g));
    }),
  );
}

describe('derivatives agree with finite differences for', () => {
  const weights = (): tf.Tensor1D => tf.tensor1d([1, 0.5, 2]);
  const actions = (): tf.Tensor2D => tf.tensor2d([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]);
  const fixed = Float32Array.from({ length: 9 }, () => random.normal());
  const mix = (): tf.Tensor2D => tf.tensor2d(fixed, [3, 3]);
  const cases: Record<string, (x: tf.Tensor2D) => tf.Scalar> = {
    'layer norm': (x) => tf.sum(tf.mul(normalise(x), mix())),
    silu: (x) => tf.sum(tf.mul(silu(x), mix())),
    dense: (x) => tf.sum(tf.square(dense(x, mix(), tf.tensor1d([0.1, 0.2, 0.3])))),
    'masked log softmax': (x) => tf.sum(tf.mul(maskedLogSoftmax(x, ones(3, 3)), mix())),
    cloning: (x) => cloningLoss(x, ones(3, 3), actions(), weights()),
    improvement: (x) => improvementLoss(x, ones(3, 3), mix(), weights(), 0.3),
    advantages: (x) => tf.sum(tf.mul(advantages(x, tf.softmax(mix())), mix())),
    projection: (x) => projectionLoss(x, ones(3, 3), tf.softmax(mix()), weights()),
    critic: (x) => criticLoss(x, actions(), tf.tensor1d([1, 2, 3]), weights()),
  };
  it.each(Object.keys(cases))('%s', (name) => {
    const error = tf.tidy(() => gradientError(cases[name], matrix(3, 3)));
    expect(error).toBeLessThan(5e-3);
  });
});

describe('the TSCAC target', () => {
  const target = (lambda: number): number[] => [
    ...projectionTarget(
      [tf.tensor2d([[0.8, 0.2]]), tf.tensor2d([[0.6, 0.4]])],
      [lambda, lambda],
      tf.tensor2d([[0, Math.LN2]]),
      ones(1, 2),
    ).dataSync(),
  ];

  it('is (0.55051, 0.44949) for the published fixture', () => {
    const [first, second] = target(0.5);
    expect(first).toBeCloseTo(0.55051, 5);
    expect(second).toBeCloseTo(0.44949, 5);
  });

  it('tends to the normalised geometric mean for large λ and to argmax A for small', () => {
    expect(target(1e5)[0]).toBeCloseTo(0.7101, 4);
    expect(target(1e-3)[1]).toBeGreaterThan(0.999);
  });

  it('gives an ineligible action no mass, and the support floor keeps the eligible ones above zero', () => {
    const eligible = tf.tensor2d([[1, 1, 0]]);
    const floored = withSupportFloor(tf.tensor2d([[1, 0, 0]]), eligible, 0.1);
    expect([...floored.dataSync()].map((p) => Number(p.toFixed(6)))).toEqual([0.95, 0.05, 0]);
    const [, second, third] = projectionTarget(
      [floored],
      [1],
      tf.tensor2d([[0, 5, 50]]),
      eligible,
    ).dataSync();
    expect(second).toBeGreaterThan(0.8);
    expect(third).toBe(0);
  });
});

describe('the critic target', () => {
  it('with mixed terminal flags equals a scalar loop row by row', () => {
    const n = 64;
    const rewards = Float32Array.from({ length: n }, () => random.normal());
    const next = Float32Array.from({ length: n }, () => random.normal());
    const done = Float32Array.from({ length: n }, () => random.integer(2));
    const y = tdTarget({
      rewards: tf.tensor1d(rewards),
      done: tf.tensor1d(done),
      nextValues: tf.tensor1d(next),
      discount: 0.9,
      bound: 100,
    });
    expect(y.shape).toEqual([n]);
    y.dataSync().forEach((value, i) =>
      expect(value).toBeCloseTo(rewards[i] + 0.9 * (1 - done[i]) * next[i], 5),
    );
  });

  it('is clamped to its bound', () => {
    const one = (x: number): tf.Tensor1D => tf.tensor1d([x]);
    const y = tdTarget({ rewards: one(5), done: one(0), nextValues: one(500), discount: 0.9, bound: 50 });
    expect(y.dataSync()[0]).toBe(50);
  });

  it('refuses a (B,1) against a (B), which would broadcast', () => {
    const column = tf.ones([4, 1]) as unknown as tf.Tensor1D;
    const vector = tf.ones<tf.Rank.R1>([4]);
    expect(() =>
      tdTarget({ rewards: vector, done: vector, nextValues: column, discount: 0.9, bound: 1 }),
    ).toThrow(/next values has shape \[4,1\]/);
    expect(() => criticLoss(ones(4, 2), ones(4, 2), column, vector)).toThrow(/td targets/);
  });
});

describe('objectives', () => {
  it('give rows of weight 0 no gradient: forced rows do not move the actor', () => {
    const actions = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    const gradient = tf.grad((x: tf.Tensor) =>
      cloningLoss(x as tf.Tensor2D, ones(2, 2), actions, tf.tensor1d([1, 0])),
    )(matrix(2, 2));
    const [a, b, c, d] = gradient.dataSync();
    expect(Math.abs(a) + Math.abs(b)).toBeGreaterThan(0.01);
    expect([c, d].map(Math.abs)).toEqual([0, 0]);
  });

  it('cloning has no gradient where the policy already is the logged action', () => {
    const logits = tf.tensor2d([[60, 0]]);
    const gradient = tf.grad((x: tf.Tensor) =>
      cloningLoss(x as tf.Tensor2D, ones(1, 2), tf.tensor2d([[1, 0]]), tf.tensor1d([1])),
    )(logits);
    expect(Math.max(...gradient.dataSync().map(Math.abs))).toBeLessThan(1e-12);
  });

  it('CRR weights are exp(A/β) clipped at the largest weight, or the sign', () => {
    const advantage = tf.tensor2d([
      [1, -1],
      [-9, 9],
    ]);
    const actions = tf.tensor2d([
      [1, 0],
      [0, 1],
    ]);
    const options = { weighting: 'exp', beta: 1, maxWeight: 20 } as const;
    const [first, second] = crrWeights(advantage, actions, options).dataSync();
    expect(first).toBeCloseTo(Math.E, 4);
    expect(second).toBe(20);
    const flipped = tf.sub<tf.Tensor2D>(1, actions);
    expect([...crrWeights(advantage, flipped, { ...options, weighting: 'binary' }).dataSync()]).toEqual([
      0, 0,
    ]);
  });

  it('advantages average to zero under the policy, and noise below the floor stays small', () => {
    const policy = tf.softmax(matrix(5, 3));
    const a = advantages(matrix(5, 3), policy);
    for (const mean of tf.sum(tf.mul(a, policy), 1).dataSync()) expect(mean).toBeCloseTo(0, 5);
    const faint = standardise(tf.mul(a, 1e-4), ones(5, 3), 0.05);
    expect(Math.max(...faint.dataSync().map(Math.abs))).toBeLessThan(0.01);
  });

  it('temperature scaling finds the temperature that the labels were drawn with', () => {
    const n = 4000;
    const logits = Float64Array.from({ length: n * 2 }, () => 6 * random.normal());
    const labels = Int32Array.from({ length: n }, (_, i) => {
      const p = 1 / (1 + Math.exp((logits[2 * i] - logits[2 * i + 1]) / 3));
      return random.uniform() < p ? 1 : 0;
    });
    const data = { actionCount: 2, logits, labels };
    const temperature = fitTemperature(data);
    expect(temperature).toBeGreaterThan(2.6);
    expect(temperature).toBeLessThan(3.4);
    expect(expectedCalibrationError(data, temperature)).toBeLessThan(expectedCalibrationError(data, 1));
  });
});

describe('a group-routed network', () => {
  const layers: LayerSpec[] = [
    {
      kind: 'group-routed',
      groups: 3,
      in: 4,
      out: 5,
      activation: 'relu',
      layerNorm: true,
      concatInput: true,
    },
    { kind: 'dense', in: 9, out: 2, activation: 'none' },
  ];

  it('gives a gradient to the selected group only, and other logits to another group', () => {
    const network = new Network(layers, createRandom(2));
    const x = matrix(3, 4);
    const inGroup = (g: number): tf.Tensor2D => tf.oneHot(tf.tensor1d([g, g, g], 'int32'), 3) as tf.Tensor2D;
    const { grads } = tf.variableGrads(() => tf.sum(tf.square(network.forward(x, inGroup(1)))));
    const [kernel, , gamma] = network.parameters.map((p) => grads[p.variable.name].dataSync());
    const touched = new Set([...kernel].flatMap((g, i) => (g === 0 ? [] : [Math.floor((i % 15) / 5)])));
    expect([...touched]).toEqual([1]);
    expect([...gamma.subarray(0, 5), ...gamma.subarray(10)].every((g) => g === 0)).toBe(true);
    const first = network.forward(x, inGroup(1)).dataSync();
    expect([...network.forward(x, inGroup(2)).dataSync()]).not.toEqual([...first]);
    network.dispose();
  });

  it('exports and imports its weights without a change', () => {
    const one = new Network(layers, createRandom(3));
    const other = new Network(layers, createRandom(4));
    other.importWeights(one.exportWeights());
    expect(other.exportWeights()).toEqual(one.exportWeights());
    one.dispose();
    other.dispose();
  });
});

it('what is computed outside the tape from tensors of a loss is a constant to it', () => {
  const slope = tf.grad((x: tf.Tensor) =>
    tf.sum(
      tf.mul(
        x,
        outsideTape(() => tf.mul(x, x)),
      ),
    ),
  );
  expect([...slope(tf.tensor1d([2, 3])).dataSync()]).toEqual([4, 9]);
  const refused = (): tf.Tensor => outsideTape(() => tf.reshape(tf.scalar(1), [2]));
  expect(refused).toThrow();
  expect([...slope(tf.tensor1d([2, 3])).dataSync()]).toEqual([4, 9]);
});
