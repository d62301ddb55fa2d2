import type * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { denseKernel } from '../../kernels/layers/dense-kernel.ts';
import { dense } from '../../tensors/ops.ts';
import { activate, filled, kernel, walkInOrder, type TrainableLayer } from './trainable-layer.ts';

/** y = activation(x W + b); W (in,out), b (out). */
export function createDense(layer: Extract<LayerSpec, { kind: 'dense' }>): TrainableLayer {
  const parameters = [kernel([layer.in, layer.out], layer.in), filled([layer.out], 0)];
  return {
    parameters,
    walk: (visit) => walkInOrder(parameters, visit),
    forward: ([w, b], x) => activate(dense(x, w as tf.Tensor2D, b as tf.Tensor1D), layer.activation),
    kernel: denseKernel(layer),
    dispose: () => undefined,
  };
}
