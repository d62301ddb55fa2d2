import type * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import { NetworkKernel, type Kernel } from '../kernels/network-kernel.ts';
import { fusedForward, planOf } from './fused-forward.ts';
import type { TrainableLayer } from './layers/trainable-layer.ts';
import type { Parameter } from './parameter.ts';

export interface LayerInNetwork {
  readonly layer: TrainableLayer;
  readonly parameters: readonly Parameter[];
}

/** One or more layers that run as one operation: x (B,in), groups one-hot (B,G) → (B,out). */
export type Segment = (x: tf.Tensor2D, groups: tf.Tensor2D) => tf.Tensor2D;

/** Neighbours that the kernel knows become one segment; every other layer is one of TensorFlow operations. */
export function segmentsOf(layers: readonly LayerInNetwork[], kernel: Kernel | null): Segment[] {
  const segments: Segment[] = [];
  let run: LayerInNetwork[] = [];
  const flush = (): void => {
    if (kernel !== null && run.length > 0) segments.push(fusedSegment(run, kernel));
    run = [];
  };
  for (const entry of layers) {
    if (kernel !== null && entry.layer.kernel !== null) run.push(entry);
    else {
      flush();
      segments.push(segmentOfOperations(entry));
    }
  }
  flush();
  return segments;
}

const segmentOfOperations =
  ({ layer, parameters }: LayerInNetwork): Segment =>
  (x, groups) =>
    layer.forward(
      parameters.map((p) => p.variable),
      x,
      groups,
    );

function fusedSegment(layers: readonly LayerInNetwork[], kernel: Kernel): Segment {
  const kernels = layers.flatMap(({ layer }) => (layer.kernel === null ? [] : [layer.kernel]));
  const network = new NetworkKernel(kernel, kernels);
  const parameters = layers.flatMap((l) => l.parameters);
  const { outputs } = kernels[kernels.length - 1];
  const groupCounts = new Set(kernels.flatMap((k) => (k.groups === null ? [] : [k.groups])));
  invariant(groupCounts.size <= 1, 'the routed layers of a network know the same groups');
  const [groupCount] = [...groupCounts, null];
  return (x, groups) => {
    const plan = planOf(groups, x.shape[0], groupCount);
    return fusedForward({ kernel: network, outputs, parameters, plan, x });
  };
}
