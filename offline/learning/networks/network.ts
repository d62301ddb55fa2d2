import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import type { Random } from '../../../src/core/math/random.ts';
import type { Activation, LayerSpec } from '../../../src/core/policy/artifact.ts';
import { assertShape, dense, normalise, silu } from '../tensors/ops.ts';
import { exportWeights, importWeights, initialValues, parameterShapes } from './network-weights.ts';

/** One trainable array: the values that the optimiser changes, and the variable that TensorFlow reads. */
export class Parameter {
  readonly values: Float32Array;
  readonly variable: tf.Variable;
  /** Kernels decay; biases, gammas and betas do not. */
  readonly decays: boolean;

  constructor(values: Float32Array, shape: readonly number[], decays: boolean) {
    this.values = values;
    this.decays = decays;
    this.variable = tf.tidy(() => tf.variable(tf.tensor(values.slice(), [...shape], 'float32')));
  }

  /** Shows the changed values to TensorFlow. */
  upload(): void {
    tf.tidy(() => {
      this.variable.assign(tf.tensor(this.values.slice(), this.variable.shape, 'float32'));
    });
  }
}

/**
 * The TensorFlow twin of `core/policy/network`: the same layers, trainable. Group-routed blocks are computed for
 * all groups at once, (in, G·out), and masked by the group's one-hot row before they are summed, because gather has
 * no derivative on wasm: only the selected group's weights receive a gradient.
 */
export class Network {
  readonly layers: readonly LayerSpec[];
  readonly parameters: readonly Parameter[];
  readonly #byLayer: readonly (readonly Parameter[])[];
  readonly #routing: readonly (Routing | null)[];

  constructor(layers: readonly LayerSpec[], random: Random) {
    this.layers = layers;
    this.#byLayer = layers.map((layer, i) =>
      parameterShapes(layer).map(
        ({ role, shape }) =>
          new Parameter(
            initialValues(layer, role, shape, random, i === layers.length - 1),
            shape,
            role === 'kernel',
          ),
      ),
    );
    this.#routing = layers.map((layer) => (layer.kind === 'group-routed' ? createRouting(layer) : null));
    this.parameters = this.#byLayer.flat();
  }

  get outputs(): number {
    const last = this.layers[this.layers.length - 1];
    invariant(last.kind === 'dense', 'the last layer is dense');
    return last.out;
  }

  /** x (B,width), groups one-hot (B,G) → (B,outputs). */
  forward(x: tf.Tensor2D, groups: tf.Tensor2D): tf.Tensor2D {
    let h = x;
    this.layers.forEach((layer, i) => {
      const parameters = this.#byLayer[i].map((p) => p.variable as tf.Tensor);
      h = forwardLayer(layer, parameters, this.#routing[i], h, groups);
    });
    assertShape(h, [x.shape[0], this.outputs], 'network output');
    return h;
  }

  /** Weights in the layout of the policy artifact. */
  exportWeights(): Float32Array {
    return exportWeights(
      this.layers,
      this.#byLayer.map((ps) => ps.map((p) => p.values)),
    );
  }

  importWeights(weights: Float32Array): void {
    importWeights(
      this.layers,
      weights,
      this.#byLayer.map((ps) => ps.map((p) => p.values)),
    );
    this.upload();
  }

  /** Polyak: w ← (1 − τ) w + τ w_source; τ = 1 copies. TensorFlow sees it after `upload`. */
  follow(source: Network, tau: number): void {
    this.parameters.forEach((parameter, p) => {
      const from = source.parameters[p].values;
      const to = parameter.values;
      for (let i = 0; i < to.length; i += 1) to[i] += tau * (from[i] - to[i]);
    });
  }

  upload(): void {
    for (const parameter of this.parameters) parameter.upload();
  }

  /** The weights by reference, in order; `upload` after they were overwritten. */
  state(): Readonly<Record<string, Float32Array>> {
    return Object.fromEntries(this.parameters.map((parameter, p) => [String(p), parameter.values]));
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.variable.dispose();
    for (const routing of this.#routing) {
      routing?.expand.dispose();
      routing?.collapse.dispose();
    }
  }
}

type Routed = Extract<LayerSpec, { kind: 'group-routed' }>;

/** expand (G, G·out) turns a one-hot row into a mask over the blocks; collapse (G·out, out) adds the blocks up. */
interface Routing {
  readonly expand: tf.Tensor2D;
  readonly collapse: tf.Tensor2D;
}

function createRouting({ groups, out }: Routed): Routing {
  const expand = new Float32Array(groups * groups * out);
  const collapse = new Float32Array(groups * out * out);
  for (let g = 0; g < groups; g += 1)
    for (let j = 0; j < out; j += 1) {
      expand[g * groups * out + g * out + j] = 1;
      collapse[(g * out + j) * out + j] = 1;
    }
  return {
    expand: tf.tensor2d(expand, [groups, groups * out]),
    collapse: tf.tensor2d(collapse, [groups * out, out]),
  };
}

function forwardLayer(
  layer: LayerSpec,
  parameters: readonly tf.Tensor[],
  routing: Routing | null,
  x: tf.Tensor2D,
  groups: tf.Tensor2D,
): tf.Tensor2D {
  switch (layer.kind) {
    case 'dense':
      return activate(dense(x, parameters[0] as tf.Tensor2D, parameters[1] as tf.Tensor1D), layer.activation);
    case 'layer-norm':
      assertShape(x, [-1, layer.size], 'layer-norm input');
      return tf.add(tf.mul(normalise(x), parameters[0]), parameters[1]);
    case 'group-routed':
      return forwardRouted(layer, parameters, routing as Routing, x, groups);
  }
}

function forwardRouted(
  layer: Routed,
  [kernel, bias, gamma, beta]: readonly tf.Tensor[],
  { expand, collapse }: Routing,
  x: tf.Tensor2D,
  groups: tf.Tensor2D,
): tf.Tensor2D {
  assertShape(groups, [x.shape[0], layer.groups], 'groups one-hot');
  const zeros = (n: number): tf.Tensor1D => tf.zeros([n]);
  const all = tf.mul(
    dense(x, kernel as tf.Tensor2D, bias as tf.Tensor1D),
    tf.matMul(groups, expand),
  ) as tf.Tensor2D;
  let h = activate(dense(all, collapse, zeros(layer.out)), layer.activation);
  if (layer.layerNorm) {
    const rowGamma = dense(groups, gamma as tf.Tensor2D, zeros(layer.out));
    const rowBeta = dense(groups, beta as tf.Tensor2D, zeros(layer.out));
    h = tf.add(tf.mul(normalise(h), rowGamma), rowBeta);
  }
  return layer.concatInput ? tf.concat([x, h], 1) : h;
}

function activate(x: tf.Tensor2D, activation: Activation): tf.Tensor2D {
  return activation === 'relu' ? tf.relu(x) : activation === 'silu' ? silu(x) : x;
}
