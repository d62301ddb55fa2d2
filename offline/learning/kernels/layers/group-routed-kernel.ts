import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import type { KernelOps } from '../kernel-ops.ts';
import { activateBackward, activateForward, affineBackward, affineForward } from './affine.ts';
import { bytes, type BackwardPass, type ForwardPass, type KernelLayer } from './kernel-layer.ts';

type Routed = Extract<LayerSpec, { kind: 'group-routed' }>;

/** Only the block of the rows' own group is computed. W (in, G·out), b (G·out), γ and β (G,out). */
export function groupRoutedKernel(layer: Routed): KernelLayer {
  const { groups, in: inputs, out, layerNorm, concatInput } = layer;
  const outputs = concatInput ? inputs + out : out;
  const stride = groups * out;
  const norm = layerNorm ? [stride, stride] : [];
  return {
    inputs,
    outputs,
    // z and a = activation(z); with layer norm x̂ and a scale as well.
    saved: layerNorm ? 3 * out + 1 : 2 * out,
    groups,
    parameters: [inputs * stride, stride, ...norm],
    packed: (ops) => ({
      forward: groups * ops.packedRight(inputs, out),
      backward: groups * ops.packedRight(out, inputs),
    }),
    pack(ops, [w], dst) {
      const block = bytes(ops.packedRight(inputs, out));
      for (let g = 0; g < groups; g += 1)
        ops.packRight(dst + g * block, w + bytes(g * out), stride, false, inputs, out);
    },
    packBackward(ops, [w], dst) {
      const block = bytes(ops.packedRight(out, inputs));
      for (let g = 0; g < groups; g += 1)
        ops.packRight(dst + g * block, w + bytes(g * out), stride, true, out, inputs);
    },
    forward: (ops, pass) => forward(ops, layer, outputs, pass),
    backward: (ops, pass) => backward(ops, layer, outputs, pass),
  };
}

/** Where the parts of `saved` begin. */
function savedParts(saved: number, rows: number, out: number) {
  const part = bytes(rows * out);
  return { z: saved, a: saved + part, xHat: saved + 2 * part, scale: saved + 3 * part };
}

function forward(ops: KernelOps, layer: Routed, outputs: number, pass: ForwardPass): void {
  const { in: inputs, out, activation } = layer;
  const { rows, group, x, y, parameters, scratch } = pass;
  const { z, a, xHat, scale } = savedParts(pass.saved, rows, out);
  const packed = pass.packed + group * bytes(ops.packedRight(inputs, out));
  const own = bytes(group * out);
  const affine = { rows, inputs, outputs: out, stride: layer.groups * out, scratch };
  affineForward(ops, affine, { x, z, packed, bias: parameters[1] + own });
  activateForward(ops, activation, { y: a, z }, rows * out);
  let h = activation === 'none' ? z : a;
  if (layer.layerNorm) {
    const normed = layer.concatInput ? scratch.rows : y;
    ops.layerNorm(normed, xHat, scale, h, parameters[2] + own, parameters[3] + own, rows, out);
    h = normed;
  }
  if (layer.concatInput) ops.copyColumns(y, outputs, x, inputs, rows, inputs);
  const from = layer.concatInput ? bytes(inputs) : 0;
  if (h !== y) ops.copyColumns(y + from, outputs, h, out, rows, out);
}

function backward(ops: KernelOps, layer: Routed, outputs: number, pass: BackwardPass): void {
  const { in: inputs, out, activation, concatInput } = layer;
  const { rows, group, x, parameters, gradients, dy, dx, scratch } = pass;
  const { z, a, xHat, scale } = savedParts(pass.saved, rows, out);
  const own = bytes(group * out);
  let dh = dy;
  if (concatInput) {
    dh = scratch.rows;
    ops.copyColumns(dh, out, dy + bytes(inputs), outputs, rows, out);
    if (dx !== 0) ops.copyColumns(dx, inputs, dy, outputs, rows, inputs);
  }
  if (layer.layerNorm) {
    const gamma = parameters[2] + own;
    ops.layerNormBackward(dh, gradients[2] + own, gradients[3] + own, dh, xHat, scale, gamma, rows, out);
  }
  activateBackward(ops, activation, { dy: dh, y: a, z }, rows * out);
  affineBackward(
    ops,
    { rows, inputs, outputs: out, stride: layer.groups * out, scratch },
    {
      ...{ x, dz: dh, dx, accumulatesDx: concatInput },
      packed: pass.packed + group * bytes(ops.packedRight(out, inputs)),
      kernelGradient: gradients[0] + own,
      biasGradient: gradients[1] + own,
    },
  );
}
