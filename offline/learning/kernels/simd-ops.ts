import { readFileSync } from 'node:fs';
import type { KernelMemory, KernelOps } from './kernel-ops.ts';

/** The part of WebAssembly that is used; its types come with the browser library only. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}
type Exports = Omit<KernelOps, 'name' | 'packedRight' | 'packedLeft'> & { readonly memory: KernelMemory };

const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

const tileRows = 5;
const tileColumns = 8;

/** A new instance with a memory of its own; throws where WebAssembly SIMD is missing. */
export function createSimdOps(): KernelOps {
  const module = new Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const exports = new Instance(module, {}).exports as Exports;
  return {
    ...exports,
    name: 'simd',
    packedRight: (k, n) => k * tileColumns * Math.ceil(n / tileColumns),
    packedLeft: (m, k) => k * tileRows * Math.ceil(m / tileRows),
  };
}
