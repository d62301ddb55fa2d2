import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cloningLoss } from '../../offline/learning/actor-critic/actor-losses.ts';
import { tdTarget } from '../../offline/learning/actor-critic/critic-losses.ts';
import {
  spreadLoss,
  spreadPull,
  type SpreadError,
} from '../../offline/learning/actor-critic/spread-losses.ts';
import { Temperature } from '../../offline/learning/actor-critic/temperature.ts';
import { projectionTarget } from '../../offline/learning/algorithms/tscac/losses.ts';
import { layersFor, networkConfig } from '../../offline/learning/config.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { evaluateLog } from '../../src/core/ope/evaluate-log.ts';
import { isRefusal } from '../../src/core/ope/report.ts';
import { groupIndex } from '../../src/core/surface/groups.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { noLimits, quick, randomWorld } from '../core/ope/logs.ts';
import { worldSurface } from './learning-world.ts';

/**
 * The fixtures of the design's `algorithms.md`, section 5, by their numbers. Elsewhere: 2 (limits of NCIS) in
 * `laws/ope.test.ts` and `laws/sequential.test.ts`; 3 (π_e = π_b) and 4 (limits of DRos, SWITCH, sub-Gaussian) in
 * `laws/ope.test.ts`, but for DR here; 7 (ordinal restoration) in `slmgac-heads.test.ts`; 9 (fitted Q by expectation and by
 * argmax) in `fitted-q.test.ts`.
 */
beforeAll(async () => {
  await chooseBackend();
});

const random = createRandom(17);

describe('fixture 1, the closed form of TSCAC', () => {
  const target = (lambda: number): number[] => [
    ...projectionTarget(
      [tf.tensor2d([[0.8, 0.2]]), tf.tensor2d([[0.6, 0.4]])],
      [lambda, lambda],
      tf.tensor2d([[0, Math.LN2]]),
      tf.ones([1, 2]),
    ).dataSync(),
  ];

  it('is (0.55051, 0.44949) at λ = ½', () => {
    expect(target(0.5)[0]).toBeCloseTo(0.55051, 5);
    expect(target(0.5)[1]).toBeCloseTo(0.44949, 5);
  });

  it('tends to √0.48 : √0.08 for λ → ∞ and to the best action for Λ → 0', () => {
    expect(target(1e5)[0]).toBeCloseTo(0.7101, 4);
    expect(target(1e5)[1]).toBeCloseTo(0.2899, 4);
    expect(target(1e-3)[1]).toBeGreaterThan(0.999);
  });
});

describe('fixture 3, DR of the policy that made the log', () => {
  const base = randomWorld();
  const { log } = base;
  const policy = { ...base.policy, probabilities: log.behaviorProbabilities ?? new Float64Array() };
  const k = policy.actionCount;
  const rewards = log.responses.get('reward') ?? new Float64Array();
  const mean = (at: (i: number) => number): number =>
    Array.from({ length: log.rounds }, (_, i) => at(i)).reduce((a, b) => a + b, 0) / log.rounds;
  const dr = (model: Float64Array): number => {
    const options = { ...quick, limits: noLimits, rewardModels: new Map([['reward', model]]) };
    const [found] = evaluateLog(log, policy, { ...options, estimators: ['dr'] }).estimates;
    if (isRefusal(found)) throw new Error(found.refusal.reason);
    return found.value;
  };
  const expected = (model: Float64Array, i: number): number =>
    Array.from({ length: k }, (_, a) => policy.probabilities[i * k + a] * model[i * k + a]).reduce(
      (a, b) => a + b,
      0,
    );

  it('is DM plus the mean residual', () => {
    const { model } = base;
    const direct = mean((i) => expected(model, i));
    const residual = mean((i) => rewards[i] - model[i * k + log.actions[i]]);
    expect(dr(model)).toBeCloseTo(direct + residual, 12);
  });

  it('is the mean of the log where the model predicts its taken actions without bias', () => {
    const model = base.model.map((_, at) => base.model[at - (at % k)]);
    expect(dr(model)).toBeCloseTo(
      mean((i) => rewards[i]),
      12,
    );
  });
});

describe('fixture 5, the standard deviation of DSAC-T on errors from N(0, 1)', () => {
  const size = 4000;
  const samples = Float32Array.from({ length: size }, () => random.normal());

  /** Descends L_σ from σ = 2, one σ for all rows and its own moving average, until it rests. */
  function settle(error: SpreadError): number {
    let sigma = 2;
    for (let step = 0; step < 200; step += 1)
      sigma -= tf.tidy(() => {
        const ones = tf.ones<tf.Rank.R1>([size]);
        const deviations = tf.mul<tf.Tensor1D>(ones, sigma);
        const input = { means: tf.zeros<tf.Rank.R1>([size]), deviations, samples: tf.tensor1d(samples) };
        const pull = spreadPull({ ...input, averageDeviation: sigma, error });
        const gradient = tf.grad((s) => spreadLoss(tf.mul<tf.Tensor1D>(ones, s), pull));
        return 0.2 * gradient(tf.scalar(sigma)).dataSync<'float32'>()[0];
      });
    return sigma;
  }

  it('rests near 0.68 with the published loss, and near 1 with the square', () => {
    expect(Math.abs(settle('half-square') - 0.68)).toBeLessThan(0.03);
    expect(Math.abs(settle('square') - 1)).toBeLessThan(0.04);
  });

  it('refuses a column where a vector belongs', () => {
    const column = tf.ones([size, 1]) as unknown as tf.Tensor1D;
    expect(() => spreadLoss(tf.ones([size]), column)).toThrow(/has shape/);
  });
});

describe('fixture 6, terminal masks and cloning row by row', () => {
  it('a target with mixed done flags equals a loop over rows', () => {
    const n = 64;
    const draw = (): Float32Array => Float32Array.from({ length: n }, () => random.normal());
    const [rewards, next] = [draw(), draw()];
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
      expect(value).toBeCloseTo(done[i] === 1 ? rewards[i] : rewards[i] + 0.9 * next[i], 5),
    );
  });

  it('cloning moves no row whose policy already is the logged action, and moves the others', () => {
    const logits = tf.tensor2d([
      [60, 0],
      [0, 60],
      [0.3, 0],
    ]);
    const actions = tf.tensor2d([
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
    const gradient = tf.grad((x: tf.Tensor) =>
      cloningLoss(x as tf.Tensor2D, tf.ones([3, 2]), actions, tf.ones([3])),
    )(logits);
    const [a, b, c, d, e, f] = [...gradient.dataSync()].map(Math.abs);
    expect(Math.max(a, b, c, d)).toBeLessThan(1e-12);
    expect(Math.min(e, f)).toBeGreaterThan(0.1);
  });
});

describe('fixture 8, routing by group', () => {
  const width = 5;
  const groups = 4;
  const layers = layersFor(networkConfig.parse({ hidden: [6], groupBlock: 3 }), width, groups, 2);
  const inGroup = (rows: number, g: number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: rows * groups }, (_, i) => (i % groups === g ? 1 : 0)),
      [rows, groups],
    );

  it('another group gives other logits, and a gradient touches the block of its own group only', () => {
    tf.tidy(() => {
      const network = new Network(layers, createRandom(3));
      const x = tf.tensor2d(
        Float32Array.from({ length: 3 * width }, () => random.normal()),
        [3, width],
      );
      const logits = [0, 1, 2, 3].map((g) => [...network.forward(x, inGroup(3, g)).dataSync()]);
      for (const g of [1, 2, 3]) expect(logits[g]).not.toEqual(logits[0]);
      // Weights move where the gradient is not 0; the artifact's layout keeps every group's block together.
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(network.forward(x, inGroup(3, 1)))));
      const before = network.exportWeights();
      for (const parameter of network.parameters) {
        const own = grads[parameter.variable.name].dataSync();
        parameter.values.forEach((_, i) => (parameter.values[i] += own[i] === 0 ? 0 : 1));
      }
      const after = network.exportWeights();
      const shared = width * 6 + 6 + 6 + 6;
      const block = 6 * 3 + 3 + 3 + 3;
      const touched = [0, 1, 2, 3].map((g) =>
        after
          .subarray(shared + g * block, shared + (g + 1) * block)
          .some((value, i) => value !== before[shared + g * block + i]),
      );
      expect(touched).toEqual([false, true, false, false]);
      network.dispose();
    });
  });

  it('a group that is not known is group 0', () => {
    const { groups: spec } = worldSurface;
    expect(groupIndex(spec, { activeDays: 20 }, ['activeDays'])).toBe(0);
    expect(groupIndex(spec, { activeDays: 20 }, [])).toBe(3);
  });
});

describe('fixture 10, the temperature of discrete SAC', () => {
  const values = Array.from({ length: 12 }, () => [random.normal(), random.normal(), random.normal()]);
  /** Mean entropy of softmax(Q/α), the actor's own optimum. */
  const entropyAt = (alpha: number): number =>
    values.reduce((sum, q) => {
      const e = q.map((v) => Math.exp((v - Math.max(...q)) / alpha));
      const total = e.reduce((a, b) => a + b, 0);
      return sum - e.reduce((s, v) => (v === 0 ? s : s + (v / total) * Math.log(v / total)), 0);
    }, 0) / values.length;
  const settle = (target: number, max = 2): Temperature => {
    const temperature = new Temperature({ initial: 0.1, max, target, learningRate: 0.01 });
    for (let step = 0; step < 4000; step += 1) temperature.update(entropyAt(temperature.alpha));
    return temperature;
  };

  it.each([0.2, 0.5, 0.8])('settles where the mean entropy is the target %s', (target) => {
    expect(entropyAt(settle(target).alpha)).toBeCloseTo(target, 3);
  });

  it('stays positive for a target of 0, and at its cap for one that no policy has', () => {
    expect(settle(0).alpha).toBeGreaterThan(0);
    expect(settle(2).alpha).toBeCloseTo(2, 9);
    expect(settle(0.8, 0.05).alpha).toBeCloseTo(0.05, 9);
  });
});
