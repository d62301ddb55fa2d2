import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import type { Activation } from '../../../../src/core/policy/artifact.ts';
import type { KernelLayer } from '../../kernels/layers/kernel-layer.ts';
import { silu } from '../../tensors/ops.ts';

/** One array of a layer, as training keeps it. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  /** Kernels decay; biases, gammas and betas do not. */
  readonly decays: boolean;
  initial(random: Random, isOutput: boolean): Float32Array;
}

/**
 * A `LayerSpec` that can be trained. A new kind of layer is a file in this folder and a row in `create-layer`; what it
 * computes must be what `core/policy/network` computes from the same weights.
 */
export interface TrainableLayer {
  readonly parameters: readonly ParameterSpec[];
  /** Calls back with (parameter, index in it) for every weight, in the order of the policy artifact. */
  walk(visit: (parameter: number, index: number) => void): void;
  /** x (B,in), groups one-hot (B,G), one tensor per parameter → (B,out). */
  forward(parameters: readonly tf.Tensor[], x: tf.Tensor2D, groups: tf.Tensor2D): tf.Tensor2D;
  /** The same on the kernel; null: it runs as TensorFlow operations on every backend. */
  readonly kernel: KernelLayer | null;
  /** Tensors that the layer holds for itself. */
  dispose(): void;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** He initialisation, normal with variance 2/inputs; an output layer starts 10 times smaller: near-uniform logits. */
export const kernel = (shape: readonly number[], inputs: number): ParameterSpec => ({
  shape,
  decays: true,
  initial(random, isOutput) {
    const std = Math.sqrt(2 / inputs) * (isOutput ? 0.1 : 1);
    return new Float32Array(sizeOf(shape)).map(() => std * random.normal());
  },
});

export const filled = (shape: readonly number[], value: number): ParameterSpec => ({
  shape,
  decays: false,
  initial: () => new Float32Array(sizeOf(shape)).fill(value),
});

/** Arrays one after the other, each row-major: the artifact's order of most layers. */
export function walkInOrder(
  parameters: readonly ParameterSpec[],
  visit: (parameter: number, index: number) => void,
): void {
  parameters.forEach(({ shape }, p) => {
    for (let i = 0; i < sizeOf(shape); i += 1) visit(p, i);
  });
}

export function activate(x: tf.Tensor2D, activation: Activation): tf.Tensor2D {
  return activation === 'relu' ? tf.relu(x) : activation === 'silu' ? silu(x) : x;
}
