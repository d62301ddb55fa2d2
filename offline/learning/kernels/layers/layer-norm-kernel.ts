import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { bytes, type KernelLayer } from './kernel-layer.ts';

export function layerNormKernel({ size }: Extract<LayerSpec, { kind: 'layer-norm' }>): KernelLayer {
  return {
    inputs: size,
    outputs: size,
    // x̂, and one scale per row behind them.
    saved: size + 1,
    groups: null,
    parameters: [size, size],
    packed: () => ({ forward: 0, backward: 0 }),
    pack: () => undefined,
    packBackward: () => undefined,
    forward(ops, { rows, x, y, saved, parameters: [gamma, beta] }) {
      ops.layerNorm(y, saved, saved + bytes(rows * size), x, gamma, beta, rows, size);
    },
    backward(ops, { rows, saved, parameters: [gamma], dy, dx, gradients, scratch }) {
      const to = dx === 0 ? scratch.rows : dx;
      const scale = saved + bytes(rows * size);
      ops.layerNormBackward(to, gradients[0], gradients[1], dy, saved, scale, gamma, rows, size);
    },
  };
}
