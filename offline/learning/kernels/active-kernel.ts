import { Heap } from './heap.ts';
import { createJsOps } from './js-ops.ts';
import type { Kernel } from './network-kernel.ts';
import { createSimdOps } from './simd-ops.ts';

/** Stands in the reason of a run's backend; raise it when the same weights would compute other numbers. */
export const kernelVersion = 2;

export type KernelName = 'simd' | 'js';

const created = new Map<KernelName, Kernel>();
let active: Kernel | null = null;

/** Which kernel networks run on from now on; null: on TensorFlow's operations. Set with the backend. */
export function activateKernel(name: KernelName | null): void {
  active = name === null ? null : kernelOf(name);
}

export const activeKernel = (): Kernel | null => active;

/** One per process and kind: its memory is reused by every network. */
export function kernelOf(name: KernelName): Kernel {
  const known = created.get(name);
  if (known !== undefined) return known;
  const ops = name === 'simd' ? createSimdOps() : createJsOps();
  const kernel = { ops, heap: new Heap(ops) };
  created.set(name, kernel);
  return kernel;
}
