import type * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { assertShape } from '../tensors/ops.ts';
import { activeKernel } from '../kernels/active-kernel.ts';
import type { Kernel } from '../kernels/network-kernel.ts';
import { createLayer } from './layers/create-layer.ts';
import { sizeOf } from './layers/trainable-layer.ts';
import { Parameter } from './parameter.ts';
import { segmentsOf, type LayerInNetwork, type Segment } from './segments.ts';

/** The trainable twin of `core/policy/network`: the same layers, the same weights. */
export class Network {
  readonly layers: readonly LayerSpec[];
  readonly parameters: readonly Parameter[];
  readonly #layers: readonly LayerInNetwork[];
  #segments: readonly Segment[] = [];
  /** What the segments were made for; undefined: not yet made. */
  #kernel: Kernel | null | undefined;

  constructor(layers: readonly LayerSpec[], random: Random) {
    this.layers = layers;
    this.#layers = layers.map((spec, i) => {
      const layer = createLayer(spec);
      const isOutput = i === layers.length - 1;
      const parameters = layer.parameters.map(
        (p) => new Parameter(p.initial(random, isOutput), p.shape, p.decays),
      );
      return { layer, parameters };
    });
    this.parameters = this.#layers.flatMap((l) => l.parameters);
  }

  get outputs(): number {
    const last = this.layers[this.layers.length - 1];
    invariant(last.kind === 'dense', 'the last layer is dense');
    return last.out;
  }

  get weightCount(): number {
    return this.parameters.reduce((sum, p) => sum + sizeOf(p.variable.shape), 0);
  }

  /** x (B,width), groups one-hot (B,G) → (B,outputs). */
  forward(x: tf.Tensor2D, groups: tf.Tensor2D): tf.Tensor2D {
    let h = x;
    for (const segment of this.#current()) h = segment(h, groups);
    assertShape(h, [x.shape[0], this.outputs], 'network output');
    return h;
  }

  #current(): readonly Segment[] {
    const kernel = activeKernel();
    if (kernel !== this.#kernel) this.#segments = segmentsOf(this.#layers, kernel);
    this.#kernel = kernel;
    return this.#segments;
  }

  /** Weights in the layout of the policy artifact. */
  exportWeights(): Float32Array {
    const weights = new Float32Array(this.weightCount);
    this.#walk((values, i, at) => (weights[at] = values[i]));
    return weights;
  }

  importWeights(weights: Float32Array): void {
    invariant(weights.length === this.weightCount, 'the weights fit the layers');
    this.#walk((values, i, at) => (values[i] = weights[at]));
    this.upload();
  }

  /** Calls back with (values, index in them, index in the artifact) for every weight. */
  #walk(visit: (values: Float32Array, i: number, at: number) => void): void {
    let at = 0;
    for (const { layer, parameters } of this.#layers)
      layer.walk((p, i) => visit(parameters[p].values, i, at++));
    invariant(at === this.weightCount, 'every weight is visited once');
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
    for (const { layer } of this.#layers) layer.dispose();
  }
}
