import * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layerNormKernel } from '../../kernels/layers/layer-norm-kernel.ts';
import { assertShape, normalise } from '../../tensors/ops.ts';
import { filled, walkInOrder, type TrainableLayer } from './trainable-layer.ts';

/** y = γ x̂ + β; γ, β (size). */
export function createLayerNorm(layer: Extract<LayerSpec, { kind: 'layer-norm' }>): TrainableLayer {
  const { size } = layer;
  const parameters = [filled([size], 1), filled([size], 0)];
  return {
    parameters,
    walk: (visit) => walkInOrder(parameters, visit),
    forward([gamma, beta], x) {
      assertShape(x, [-1, size], 'layer-norm input');
      return tf.add(tf.mul(normalise(x), gamma), beta);
    },
    kernel: layerNormKernel(layer),
    dispose: () => undefined,
  };
}
