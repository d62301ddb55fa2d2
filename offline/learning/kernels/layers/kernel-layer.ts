import type { KernelOps } from '../kernel-ops.ts';

/**
 * A layer on the kernel: it works on some rows of a batch at a time, all of one group, with everything it needs at
 * pointers that the network hands to it.
 */
export interface KernelLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** Floats per row that the derivative needs beside input and output. */
  readonly saved: number;
  /** How many groups choose among its weights; null: every row has the same. */
  readonly groups: number | null;
  /** Length of each parameter. */
  readonly parameters: readonly number[];
  /** Floats of weights packed for the forward pass; for the derivative of the input. */
  packed(ops: KernelOps): { readonly forward: number; readonly backward: number };
  pack(ops: KernelOps, parameters: readonly number[], dst: number): void;
  packBackward(ops: KernelOps, parameters: readonly number[], dst: number): void;
  forward(ops: KernelOps, pass: ForwardPass): void;
  backward(ops: KernelOps, pass: BackwardPass): void;
}

export interface ForwardPass {
  readonly rows: number;
  readonly group: number;
  /** (rows,inputs) */
  readonly x: number;
  /** (rows,outputs), to be written. */
  readonly y: number;
  /** rows · saved floats, to be written. */
  readonly saved: number;
  readonly parameters: readonly number[];
  readonly packed: number;
  readonly scratch: Scratch;
}

export interface BackwardPass extends ForwardPass {
  /** (rows,outputs), may be overwritten. */
  readonly dy: number;
  /** (rows,inputs), to be written; 0: nobody asks. */
  readonly dx: number;
  /** One per parameter, to be added to. */
  readonly gradients: readonly number[];
}

/** Room that every layer may use within one call. */
export interface Scratch {
  /** A packed left factor. */
  readonly left: number;
  /** A packed right factor. */
  readonly right: number;
  readonly tile: number;
  /** (rows, widest layer) */
  readonly rows: number;
}

/** Bytes of n floats. */
export const bytes = (floats: number): number => 4 * floats;
