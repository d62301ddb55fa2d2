import * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { groupRoutedKernel } from '../../kernels/layers/group-routed-kernel.ts';
import { assertShape, dense, normalise } from '../../tensors/ops.ts';
import { activate, filled, kernel, type ParameterSpec, type TrainableLayer } from './trainable-layer.ts';

type Routed = Extract<LayerSpec, { kind: 'group-routed' }>;

/**
 * A block of its own for every group: W (in, G·out), b (G·out), γ and β (G,out). As tensor operations the blocks are
 * computed for all groups at once and masked by the group's one-hot row before they are summed, because gather has no
 * derivative on wasm: only the selected group's weights receive a gradient.
 */
export function createGroupRouted(layer: Routed): TrainableLayer {
  const { groups, out } = layer;
  const parameters: ParameterSpec[] = [kernel([layer.in, groups * out], layer.in), filled([groups * out], 0)];
  if (layer.layerNorm) parameters.push(filled([groups, out], 1), filled([groups, out], 0));
  const routing = createRouting(layer);
  return {
    parameters,
    walk: (visit) => walkByGroup(layer, parameters.length, visit),
    forward: (tensors, x, oneHot) => forwardRouted(layer, tensors, routing, x, oneHot),
    kernel: groupRoutedKernel(layer),
    dispose() {
      routing.expand.dispose();
      routing.collapse.dispose();
    },
  };
}

/** The artifact holds one group after the other: its kernel, then its other arrays. */
function walkByGroup(
  { groups, out, in: inputs }: Routed,
  arrays: number,
  visit: (parameter: number, index: number) => void,
): void {
  for (let g = 0; g < groups; g += 1) {
    for (let r = 0; r < inputs; r += 1)
      for (let c = 0; c < out; c += 1) visit(0, r * groups * out + g * out + c);
    for (let p = 1; p < arrays; p += 1) for (let c = 0; c < out; c += 1) visit(p, g * out + c);
  }
}

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

function forwardRouted(
  layer: Routed,
  [w, b, gamma, beta]: readonly tf.Tensor[],
  { expand, collapse }: Routing,
  x: tf.Tensor2D,
  groups: tf.Tensor2D,
): tf.Tensor2D {
  assertShape(groups, [x.shape[0], layer.groups], 'groups one-hot');
  const zeros = (n: number): tf.Tensor1D => tf.zeros([n]);
  const all = tf.mul(dense(x, w as tf.Tensor2D, b as tf.Tensor1D), tf.matMul(groups, expand));
  let h = activate(dense(all as tf.Tensor2D, collapse, zeros(layer.out)), layer.activation);
  if (layer.layerNorm) {
    const rowGamma = dense(groups, gamma as tf.Tensor2D, zeros(layer.out));
    const rowBeta = dense(groups, beta as tf.Tensor2D, zeros(layer.out));
    h = tf.add(tf.mul(normalise(h), rowGamma), rowBeta);
  }
  return layer.concatInput ? tf.concat([x, h], 1) : h;
}
