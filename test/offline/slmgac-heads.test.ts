import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Adam } from '../../offline/learning/networks/adam.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import { layersFor, networkConfig } from '../../offline/learning/config.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { binIndex, fitBins, restore, runningMinimum } from '../../offline/learning/supervised/bins.ts';
import { pickBlock, sliceColumns } from '../../offline/learning/supervised/columns.ts';
import {
  headLoss,
  headPrediction,
  headTargets,
  headWeights,
  type Head,
} from '../../offline/learning/supervised/head.ts';
import { binaryCrossEntropy, cumulativeLogits } from '../../offline/learning/supervised/losses.ts';
import { binaryHead, ordinalHead, regressionHead } from '../../offline/learning/supervised/make-head.ts';
import { TaskWeights, trunkGradientNorms } from '../../offline/learning/supervised/task-weights.ts';
import { createRandom } from '../../src/core/math/random.ts';

beforeAll(() => chooseBackend());

/** ∂f/∂x by central differences, against the derivative that TensorFlow uses. */
function expectDerivative(f: (x: tf.Tensor2D) => tf.Scalar, values: number[][]): void {
  tf.tidy(() => {
    const analytic = tf
      .grad((x: tf.Tensor) => f(x as tf.Tensor2D))(tf.tensor2d(values))
      .dataSync();
    const at = (i: number, j: number, by: number): number =>
      f(
        tf.tensor2d(values.map((row, r) => row.map((v, c) => (r === i && c === j ? v + by : v)))),
      ).dataSync()[0];
    values.forEach((row, i) =>
      row.forEach((_, j) => {
        const numeric = (at(i, j, 1e-2) - at(i, j, -1e-2)) / 2e-2;
        expect(analytic[i * row.length + j]).toBeCloseTo(numeric, 2);
      }),
    );
  });
}

describe('ordinal restoration', () => {
  it('credits p = (1, 1, 0) on edges 0, 10, 30, 60 with 30', () => {
    expect(restore([1, 1, 0], [0, 10, 30, 60])).toBe(30);
  });

  it('refuses probabilities that rise with the edge; projected by a running minimum they are welcome', () => {
    const p = [0.5, 0.8, 0.1];
    expect(() => restore(p, [0, 10, 30, 60])).toThrow(/never increases/);
    expect([...runningMinimum(p)]).toEqual([0.5, 0.5, 0.1]);
    expect(restore(runningMinimum(p), [0, 10, 30, 60])).toBeCloseTo(5 + 10 + 3, 12);
  });

  it('gives the mean of any sample exactly with the means of its bins, and never less with upper edges', () => {
    const random = createRandom(4);
    const values = Array.from({ length: 900 }, () =>
      random.uniform() < 0.4 ? 0 : Math.exp(3 + random.normal()),
    );
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    for (const restoration of ['bin-means', 'edges'] as const) {
      const { edges, points } = fitBins(values, 12, restoration)!;
      const p = edges.slice(0, -1).map((t) => values.filter((v) => v > t).length / values.length);
      const restored = restore(p, points);
      if (restoration === 'bin-means') expect(restored).toBeCloseTo(mean, 8);
      else expect(restored).toBeGreaterThan(mean);
    }
  });
});

describe('bins', () => {
  it('have a bin of their own for zero and quantiles of what is above, up to the largest', () => {
    const { edges } = fitBins([0, 0, 0, 1, 2, 3, 4], 4, 'edges')!;
    expect(edges).toEqual([0, 1, 2, 3, 4]);
    expect([0, 0.5, 1, 4, 99].map((v) => binIndex(edges, v))).toEqual([0, 1, 1, 4, 4]);
  });

  it('start at the smallest value where there are negative ones, drop repeated edges, and are none without variation', () => {
    expect(fitBins([-2, -1, 0, 5], 3, 'edges')!.edges).toEqual([-2, -1, 0, 5]);
    expect(fitBins([0, 7, 7, 7, 7, 9], 4, 'edges')!.edges).toEqual([0, 7, 9]);
    expect(
      fitBins(
        [3, 3, 3].map(() => 0),
        4,
        'edges',
      ),
    ).toBeNull();
  });
});

describe('derivatives of the heads', () => {
  const weights = (n: number): tf.Tensor1D => tf.tensor1d(Array.from({ length: n }, (_, i) => i + 1));
  const x = [
    [0.3, -1.2, 0.7, 0.1],
    [-0.4, 0.9, 1.5, -2],
  ];

  it('are those of finite differences: columns, blocks, cross-entropy, cumulative logits', () => {
    const actions = tf.tensor2d([[0, 1], [1, 0]]); // prettier-ignore
    const weighted = (y: tf.Tensor2D): tf.Scalar =>
      tf.sum<tf.Scalar>(tf.mul(tf.square(y), tf.reshape(weights(y.size), y.shape)));
    expectDerivative((z) => weighted(sliceColumns(z, { from: 1, width: 2 })), x);
    expectDerivative((z) => weighted(pickBlock(z, actions, 2)), x);
    expectDerivative((z) => weighted(cumulativeLogits(z, Float32Array.of(1, 0.5, -0.5, -2))), x);
    const labels = tf.tensor2d([[1, 0, 1, 0], [0, 0, 1, 1]]); // prettier-ignore
    expectDerivative((z) => tf.sum<tf.Scalar>(tf.mul(binaryCrossEntropy(z, labels), weights(2))), x);
    actions.dispose();
    labels.dispose();
  });

  it('cumulative logits never increase, and start at the base rates', () => {
    tf.tidy(() => {
      const priors = Float32Array.of(2, 1, 0.4, -1);
      const fresh = cumulativeLogits(tf.zeros([1, 4]), priors).dataSync();
      priors.forEach((prior, k) => expect(fresh[k]).toBeCloseTo(prior, 5));
      const z = cumulativeLogits(tf.tensor2d(x), priors).arraySync();
      for (const row of z) row.slice(1).forEach((value, k) => expect(value).toBeLessThanOrEqual(row[k]));
    });
  });
});

describe('task weights', () => {
  it('give every task the same pull on the trunk, together that of the temporal difference', () => {
    const tasks = new TaskWeights(2);
    for (let i = 0; i < 3; i += 1) tasks.update(6, [3, 0.1]);
    expect(tasks.values[0] * 3).toBeCloseTo(3, 6);
    expect(tasks.values[1] * 0.1).toBeCloseTo(3, 6);
  });

  it('are measured where the trunk ends: ‖∂L/∂outputs · Wᵀ‖', () => {
    tf.tidy(() => {
      const kernel = tf.tensor2d([[3, 0], [0, 4]]); // prettier-ignore
      const loss = (column: number) => (out: tf.Tensor2D) =>
        tf.sum<tf.Scalar>(sliceColumns(out, { from: column, width: 1 }));
      expect(trunkGradientNorms([loss(0), loss(1)], tf.ones([1, 2]), kernel)).toEqual([3, 4]);
    });
  });
});

// Watch time is 0 with probability 1 − q(x) and otherwise exponential; q and the mean depend on x and on the action.
describe('heads on one trunk, on a bandit with known truth', { timeout: 60_000 }, () => {
  const n = 6000;
  const random = createRandom(9);
  const features = Float32Array.from({ length: n }, () => random.uniform());
  const actions = Int32Array.from({ length: n }, () => random.integer(2));
  const enter = (x: number, a: number): number => (a === 0 ? 0.2 : 0.2 + 0.6 * x);
  const meanAbove = (a: number): number => (a === 0 ? 10 : 40);
  const times = Float64Array.from(features, (x, i) =>
    random.uniform() < enter(x, actions[i]) ? meanAbove(actions[i]) * random.exponential() : 0,
  );
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const isKnown = new Uint8Array(n).fill(1);
  const bins = { bins: 12, restoration: 'bin-means', edges: null } as const;
  const heads = (): Head[] => [
    binaryHead('enter', { values: times.map((t) => (t > 0 ? 1 : 0)), isKnown }, all)!,
    ordinalHead('time', { values: times, isKnown }, all, bins)!,
    regressionHead('mean', { values: times, isKnown }, all)!,
  ];

  function fit(made: readonly Head[]): (x: number, action: number) => number[] {
    const outputs = made.reduce((sum, head) => sum + 2 * head.width, 0);
    const network = new Network(
      layersFor(networkConfig.parse({ hidden: [16] }), 2, 1, outputs),
      createRandom(1),
    );
    const adam = new Adam(network.parameters, { learningRate: 0.007, weightDecay: 0, maxGradientNorm: 10 });
    const oneGroup = (rows: number): tf.Tensor2D => tf.ones([rows, 1]);
    const inputs = (xs: Float32Array): tf.Tensor2D =>
      tf.tensor2d(
        Float32Array.from({ length: 2 * xs.length }, (_, i) => (i % 2 ? 1 : xs[i >> 1] - 0.5)),
        [xs.length, 2],
      );
    let from = 0;
    const columns = made.map((head) => {
      const own = { from, width: 2 * head.width };
      from += own.width;
      return own;
    });
    for (let step = 0; step < 160; step += 1)
      tf.tidy(() => {
        const rows = Int32Array.from({ length: 256 }, () => random.integer(n));
        const oneHot = tf.oneHot(
          tf.tensor1d(
            Int32Array.from(rows, (r) => actions[r]),
            'int32',
          ),
          2,
        ) as tf.Tensor2D;
        const taken = tf.cast(oneHot, 'float32');
        const batch = inputs(Float32Array.from(rows, (r) => features[r]));
        adam.minimize(() => {
          const out = network.forward(batch, oneGroup(256));
          const losses = made.map((head, j) =>
            headLoss(
              head,
              pickBlock(sliceColumns(out, columns[j]), taken, head.width),
              headTargets(head, rows),
              headWeights(head, rows),
            ),
          );
          return losses.reduce((a, b) => tf.add(a, b));
        });
      });
    return (x, action) =>
      tf.tidy(() => {
        const out = network.forward(inputs(Float32Array.of(x)), oneGroup(1));
        const taken = tf.tensor2d([action === 0 ? [1, 0] : [0, 1]]);
        return made.map(
          (head, j) =>
            headPrediction(head, pickBlock(sliceColumns(out, columns[j]), taken, head.width)).dataSync()[0],
        );
      });
  }

  it('learn the rate of entering, and the mean watch time by bins and by regression', () => {
    const predict = fit(heads());
    for (const x of [0.1, 0.5, 0.9])
      for (const action of [0, 1]) {
        const [rate, ordinal, regression] = predict(x, action);
        const truth = enter(x, action) * meanAbove(action);
        expect(Math.abs(rate - enter(x, action))).toBeLessThan(0.1);
        expect(Math.abs(ordinal - truth)).toBeLessThan(4.5);
        expect(Math.abs(regression - truth)).toBeLessThan(5.5);
      }
  });

  it('are not made where there is nothing to tell apart', () => {
    expect(binaryHead('always', { values: new Float64Array(n).fill(1), isKnown }, all)).toBeNull();
    expect(ordinalHead('zero', { values: new Float64Array(n), isKnown }, all, bins)).toBeNull();
    expect(regressionHead('none', { values: times, isKnown: new Uint8Array(n) }, all)).toBeNull();
  });
});
