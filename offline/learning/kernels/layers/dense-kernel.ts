import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { activateBackward, activateForward, affineBackward, affineForward, keepsInput } from './affine.ts';
import type { KernelLayer } from './kernel-layer.ts';

export function denseKernel(layer: Extract<LayerSpec, { kind: 'dense' }>): KernelLayer {
  const { in: inputs, out: outputs, activation } = layer;
  const keepsZ = keepsInput(activation);
  const affine = { inputs, outputs, stride: outputs };
  return {
    inputs,
    outputs,
    saved: keepsZ ? outputs : 0,
    groups: null,
    parameters: [inputs * outputs, outputs],
    packed: (ops) => ({
      forward: ops.packedRight(inputs, outputs),
      backward: ops.packedRight(outputs, inputs),
    }),
    pack: (ops, [w], dst) => ops.packRight(dst, w, outputs, false, inputs, outputs),
    packBackward: (ops, [w], dst) => ops.packRight(dst, w, outputs, true, outputs, inputs),
    forward(ops, { rows, x, y, saved, parameters, packed, scratch }) {
      const z = keepsZ ? saved : y;
      affineForward(ops, { ...affine, rows, scratch }, { x, z, packed, bias: parameters[1] });
      activateForward(ops, activation, { y, z }, rows * outputs);
    },
    backward(ops, { rows, x, y, saved, packed, scratch, dy, dx, gradients }) {
      activateBackward(ops, activation, { dy, y, z: saved }, rows * outputs);
      const [kernelGradient, biasGradient] = gradients;
      const at = { x, dz: dy, dx, accumulatesDx: false, packed, kernelGradient, biasGradient };
      affineBackward(ops, { ...affine, rows, scratch }, at);
    },
  };
}
