import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { activateKernel, kernelOf, type KernelName } from '../../offline/learning/kernels/active-kernel.ts';
import {
  logSoftmaxOnArrays,
  pickOnArrays,
  weightedMeanOnArrays,
} from '../../offline/learning/tensors/array-ops.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { Activation, LayerSpec } from '../../src/core/policy/artifact.ts';
// eslint-disable-next-line @typescript-eslint/ban-ts-comment
// @ts-ignore: a script without types
import { compileKernels } from '../../scripts/kernels.mjs';

beforeAll(async () => {
  await chooseBackend('wasm');
});
afterEach(() => activateKernel('simd'));

const groups = 3;

/** Odd widths, both activations, blocks with and without layer norm and the joined input; from a seed. */
function randomLayers(seed: number): LayerSpec[] {
  const random = createRandom(seed);
  const below = (n: number): number => Math.floor(random.uniform() * n);
  const activation = (): Activation => (['none', 'relu', 'silu'] as const)[below(3)];
  const layers: LayerSpec[] = [];
  let size = 1 + below(13);
  for (let depth = 1 + below(4); depth > 0; depth -= 1) {
    const out = 1 + below(21);
    const kind = below(3);
    if (kind === 0) layers.push({ kind: 'layer-norm', size });
    else if (kind === 1) {
      layers.push({ kind: 'dense', in: size, out, activation: activation() });
      size = out;
    } else {
      const concatInput = below(2) === 1;
      const routed = { kind: 'group-routed', groups, in: size, out, activation: activation() } as const;
      layers.push({ ...routed, layerNorm: below(2) === 1, concatInput });
      size = concatInput ? size + out : out;
    }
  }
  layers.push({ kind: 'dense', in: size, out: 1 + below(4), activation: 'none' });
  return layers;
}

interface Case {
  readonly network: Network;
  readonly x: tf.Tensor2D;
  readonly oneHot: tf.Tensor2D;
  readonly weights: tf.Tensor2D;
}

function caseOf(seed: number, rows: number): Case {
  const random = createRandom(seed + 1000);
  const layers = randomLayers(seed);
  const network = new Network(layers, random);
  // Biases, gammas and betas away from their initial values as well.
  for (const p of network.parameters) {
    for (let i = 0; i < p.values.length; i += 1) p.values[i] += 0.3 * random.normal();
    p.upload();
  }
  const width = layers[0].kind === 'layer-norm' ? layers[0].size : layers[0].in;
  const normal = (r: number, c: number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: r * c }, () => random.normal()),
      [r, c],
    );
  const chosen = Array.from({ length: rows }, () => Math.floor(random.uniform() * groups));
  const oneHot = tf.oneHot(tf.tensor1d(chosen, 'int32'), groups, 1, 0, 'float32') as tf.Tensor2D;
  return { network, x: normal(rows, width), oneHot, weights: normal(rows, network.outputs) };
}

/** Σ weights · y, so that every output has a derivative of its own. */
const lossOf = ({ network, oneHot, weights }: Case, x: tf.Tensor): tf.Scalar =>
  tf.sum(tf.mul(network.forward(x as tf.Tensor2D, oneHot), weights));

/** `tf.tidy` for results that are not tensors. */
function tidied<T>(compute: () => T): T {
  const results: T[] = [];
  tf.tidy(() => void results.push(compute()));
  return results[0];
}

function computed(kernel: KernelName | null, c: Case) {
  activateKernel(kernel);
  return tidied(() => {
    const y = c.network.forward(c.x, c.oneHot).dataSync();
    const variables = c.network.parameters.map((p) => p.variable);
    const { grads } = tf.variableGrads(() => lossOf(c, c.x), variables);
    const dx = tf
      .grad((x) => lossOf(c, x))(c.x)
      .dataSync();
    const parameters = variables.map((v) => grads[v.name].dataSync());
    return [y, dx, ...parameters].map((a) => Float64Array.from(a));
  });
}

/** Largest difference, relative to the largest value of the reference. */
function difference(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  return Math.max(
    ...a.map((values, k) => {
      const size = Math.max(1, ...b[k].map(Math.abs));
      return Math.max(...values.map((v, i) => Math.abs(v - b[k][i]))) / size;
    }),
  );
}

describe('the training kernel', () => {
  it('is the module that its sources compile to', async () => {
    const bytes = (await compileKernels()) as Uint8Array;
    const file = new URL('../../offline/learning/kernels/kernel.wasm', import.meta.url);
    expect(Buffer.from(bytes).equals(readFileSync(file))).toBe(true);
  });

  it.each(Array.from({ length: 24 }, (_, seed) => seed))(
    'computes what TensorFlow operations compute, forward and backward: architecture %i',
    (seed) => {
      const c = caseOf(seed, [1, 7, 64, 333][seed % 4]);
      const expected = computed(null, c);
      expect(difference(computed('simd', c), expected)).toBeLessThan(1e-5);
      expect(difference(computed('js', c), expected)).toBeLessThan(1e-5);
      c.network.dispose();
    },
  );

  it.each([1, 2, 3, 4, 5])('has the derivative that finite differences have: architecture %i', (seed) => {
    const c = caseOf(seed + 50, 6);
    const [, , ...gradients] = computed('simd', c);
    activateKernel('js');
    const loss = (): number => tidied(() => lossOf(c, c.x).dataSync()[0]);
    c.network.parameters.forEach(({ values }, p) => {
      const i = values.length >> 1;
      const before = values[i];
      const h = 1e-2;
      const [up, down] = [before + h, before - h].map((v) => {
        values[i] = v;
        return loss();
      });
      values[i] = before;
      const slope = (up - down) / (2 * h);
      expect(Math.abs(slope - gradients[p][i])).toBeLessThan(0.02 * Math.max(1, Math.abs(slope)));
    });
    c.network.dispose();
  });

  it('leaves no tensor behind and keeps its memory flat', () => {
    const c = caseOf(3, 100);
    const run = (): void => void computed('simd', c);
    run();
    const tensors = tf.memory().numTensors;
    const { bytes } = kernelOf('simd').heap;
    for (let i = 0; i < 20; i += 1) run();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(kernelOf('simd').heap.bytes).toBe(bytes);
    c.network.dispose();
  });

  it('serves two networks on one tape without mixing them up', () => {
    const [a, b] = [caseOf(7, 40), caseOf(8, 40)];
    const variables = [a, b].flatMap((c) => c.network.parameters.map((p) => p.variable));
    const gradients = (kernel: KernelName | null) => {
      activateKernel(kernel);
      return tidied(() => {
        const { grads } = tf.variableGrads(() => tf.add(lossOf(a, a.x), lossOf(b, b.x)), variables);
        return variables.map((v) => Float64Array.from(grads[v.name].dataSync()));
      });
    };
    expect(difference(gradients('simd'), gradients(null))).toBeLessThan(1e-5);
    a.network.dispose();
    b.network.dispose();
  });

  it('lets NaN through instead of hiding it', () => {
    const c = caseOf(11, 4);
    const poisoned = tf.mul<tf.Tensor2D>(c.x, NaN);
    const y = [...c.network.forward(poisoned, c.oneHot).dataSync()];
    expect(y.every(Number.isNaN)).toBe(true);
    c.network.dispose();
  });
});

describe('the operations on arrays', () => {
  const random = createRandom(5);
  const normal = (...shape: number[]): tf.Tensor =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
      shape,
    );
  type Op = (x: tf.Tensor, other: tf.Tensor) => tf.Tensor;
  const weightedMean: Op = (x, w) => {
    // Written without division, whose derivative is not registered: the sum of w is the same constant on both sides.
    return tf.mul(tf.sum(tf.mul(x, w)), 1 / tf.sum(w).dataSync()[0]);
  };

  function expectSame(ours: Op, theirs: Op, x: tf.Tensor, other: tf.Tensor, weights: tf.Tensor): void {
    const of = (op: Op) => {
      const loss = (v: tf.Tensor): tf.Scalar => tf.sum(tf.mul(op(v, other), weights));
      return [op(x, other), tf.grad(loss)(x)].map((t) => Float64Array.from(t.dataSync()));
    };
    expect(difference(of(ours), of(theirs))).toBeLessThan(1e-5);
  }

  it('pick and the weighted mean are what TensorFlow computes, with their derivatives', () => {
    const asMatrix = (t: tf.Tensor): tf.Tensor2D => t as tf.Tensor2D;
    const pick: Op = (x, m) => pickOnArrays(asMatrix(x), asMatrix(m));
    expectSame(pick, (x, m) => tf.sum(tf.mul(x, m), 1), normal(7, 3), normal(7, 3), normal(7));
    const mean: Op = (x, w) => weightedMeanOnArrays(x as tf.Tensor1D, w as tf.Tensor1D);
    expectSame(mean, weightedMean, normal(9), tf.abs(normal(9)), tf.scalar(2));
  });

  it('the weighted mean has the derivative for its weights that finite differences have', () => {
    const x = normal(5) as tf.Tensor1D;
    const w = tf.tensor1d([0.5, 1, 2, 0.1, 0.4]);
    const slope = tf
      .grad((v) => weightedMeanOnArrays(x, v as tf.Tensor1D))(w)
      .dataSync();
    const mean = (v: tf.Tensor1D): number => weightedMeanOnArrays(x, v).dataSync()[0];
    slope.forEach((s, i) => {
      const step = tf.tensor1d([0, 1, 2, 3, 4].map((j) => (j === i ? 1e-2 : 0)));
      expect((mean(tf.add(w, step)) - mean(tf.sub(w, step))) / 2e-2).toBeCloseTo(s, 2);
    });
  });

  it('the masked log softmax has rows that sum to one over the eligible columns, and its own derivative', () => {
    const x = normal(6, 4) as tf.Tensor2D;
    const eligible = tf.tensor2d(
      Float32Array.from({ length: 24 }, (_, i) => (i % 5 === 1 ? 0 : 1)),
      [6, 4],
    );
    const p = tf.exp(logSoftmaxOnArrays(x, eligible));
    for (const sum of tf.sum(tf.mul(p, eligible), 1).dataSync()) expect(sum).toBeCloseTo(1, 5);
    const weights = tf.mul(normal(6, 4), eligible);
    const loss = (v: tf.Tensor): tf.Scalar =>
      tf.sum(tf.mul(logSoftmaxOnArrays(v as tf.Tensor2D, eligible), weights));
    const total = tf.sum(weights, 1).dataSync();
    const [ps, ws] = [p.dataSync(), weights.dataSync()];
    tf.grad(loss)(x)
      .dataSync()
      .forEach((g, i) => expect(g).toBeCloseTo(ws[i] - ps[i] * total[Math.floor(i / 4)], 4));
  });
});
