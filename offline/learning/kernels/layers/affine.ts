import type { Activation } from '../../../../src/core/policy/artifact.ts';
import type { KernelOps } from '../kernel-ops.ts';
import type { Scratch } from './kernel-layer.ts';

/** z = x W + b and its activation: what dense layers and the blocks of routed ones share. Pointers in bytes. */
export interface Affine {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Floats per row of W and of its gradient. */
  readonly stride: number;
  readonly scratch: Scratch;
}

export function affineForward(
  ops: KernelOps,
  { rows, inputs, outputs, scratch }: Affine,
  at: { readonly x: number; readonly z: number; readonly packed: number; readonly bias: number },
): void {
  ops.packLeft(scratch.left, at.x, inputs, false, rows, inputs);
  ops.multiply(at.z, outputs, scratch.left, at.packed, at.bias, false, rows, outputs, inputs, scratch.tile);
}

/** dW += xᵀ dz, db += Σ dz, dx ← dz Wᵀ or dx += dz Wᵀ; dx 0: nobody asks. */
export function affineBackward(
  ops: KernelOps,
  { rows, inputs, outputs, stride, scratch }: Affine,
  at: {
    readonly x: number;
    readonly dz: number;
    readonly dx: number;
    readonly accumulatesDx: boolean;
    readonly packed: number;
    readonly kernelGradient: number;
    readonly biasGradient: number;
  },
): void {
  const { left, right, tile } = scratch;
  ops.addRows(at.biasGradient, at.dz, rows, outputs);
  ops.packLeft(left, at.x, inputs, true, inputs, rows);
  ops.packRight(right, at.dz, outputs, false, rows, outputs);
  ops.multiply(at.kernelGradient, stride, left, right, 0, true, inputs, outputs, rows, tile);
  if (at.dx === 0) return;
  ops.packLeft(left, at.dz, outputs, false, rows, outputs);
  ops.multiply(at.dx, inputs, left, at.packed, 0, at.accumulatesDx, rows, inputs, outputs, tile);
}

/** SiLU needs z again; ReLU only y. */
export const keepsInput = (activation: Activation): boolean => activation === 'silu';

export function activateForward(
  ops: KernelOps,
  activation: Activation,
  at: { readonly y: number; readonly z: number },
  n: number,
): void {
  if (activation === 'relu') ops.relu(at.y, at.z, n);
  else if (activation === 'silu') ops.silu(at.y, at.z, n);
}

/** In place: dy becomes dz. */
export function activateBackward(
  ops: KernelOps,
  activation: Activation,
  at: { readonly dy: number; readonly y: number; readonly z: number },
  n: number,
): void {
  if (activation === 'relu') ops.reluBackward(at.dy, at.dy, at.y, n);
  else if (activation === 'silu') ops.siluBackward(at.dy, at.dy, at.z, n);
}
