import type { KernelOps } from './kernel-ops.ts';
import { tileFloats } from './kernel-ops.ts';
import { bytes, type KernelLayer, type Scratch } from './layers/kernel-layer.ts';
import { largestRange, type RowRange } from './row-plan.ts';

/** Hands out room from a pointer on: a layout is asked for its size first (from 0), then placed. */
class Cursor {
  #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  take(floats: number): number {
    const start = this.#at;
    // Whole SIMD words.
    this.#at += bytes(Math.ceil(floats / 4) * 4);
    return start;
  }
}

/** Where a forward pass keeps what its derivative reads. Pointers in bytes. */
export class ActivationLayout {
  /** Row order, int32 (B). */
  readonly order: number;
  /** The input in plan order (B,inputs), and the result (B,outputs). */
  readonly input: number;
  readonly result: number;
  /** Input or result in batch order. */
  readonly unsorted: number;
  readonly parameters: readonly (readonly number[])[];
  readonly end: number;
  readonly #layers: readonly KernelLayer[];
  readonly #outputs: readonly number[];
  readonly #saved: readonly number[];
  readonly #keeps: boolean;

  /** `keeps`: activations of all rows; else of one range at a time, over and over in the same place. */
  constructor(layers: readonly KernelLayer[], rows: number, keeps: boolean, from: number) {
    const cursor = new Cursor(from);
    const kept = keeps ? rows : Math.min(rows, largestRange);
    const last = layers.length - 1;
    this.#layers = layers;
    this.#keeps = keeps;
    this.order = cursor.take(rows);
    this.input = cursor.take(rows * layers[0].inputs);
    this.unsorted = cursor.take(rows * Math.max(layers[0].inputs, layers[last].outputs));
    this.parameters = layers.map((layer) => layer.parameters.map((n) => cursor.take(n)));
    this.#outputs = layers.map((layer, l) => cursor.take((l === last ? rows : kept) * layer.outputs));
    this.#saved = layers.map((layer) => cursor.take(kept * layer.saved));
    this.result = this.#outputs[last];
    this.end = cursor.at;
  }

  /** Input, output and saved values of layer l for the rows of a range. */
  at(l: number, range: RowRange): { readonly x: number; readonly y: number; readonly saved: number } {
    const kept = this.#keeps ? range.from : 0;
    const { inputs, outputs, saved } = this.#layers[l];
    const last = l === this.#layers.length - 1;
    return {
      x: l === 0 ? this.input + bytes(range.from * inputs) : this.#outputs[l - 1] + bytes(kept * inputs),
      y: this.#outputs[l] + bytes((last ? range.from : kept) * outputs),
      saved: this.#saved[l] + bytes(kept * saved),
    };
  }
}

/** Room for one pass: packed factors and what flows back through the layers. */
export class WorkLayout {
  readonly scratch: Scratch;
  /** One pointer per layer. */
  readonly packed: readonly number[];
  /** Two buffers (range, widest) that a range's derivative goes back and forth between. */
  readonly flows: readonly [number, number];
  readonly end: number;

  constructor(ops: KernelOps, layers: readonly KernelLayer[], pass: 'forward' | 'backward', from: number) {
    const cursor = new Cursor(from);
    const widest = Math.max(...layers.flatMap((l) => [l.inputs, l.outputs]));
    const m = largestRange;
    const left = Math.max(ops.packedLeft(m, widest), ops.packedLeft(widest, m));
    this.scratch = {
      left: cursor.take(left),
      right: cursor.take(ops.packedRight(m, widest)),
      tile: cursor.take(tileFloats),
      rows: cursor.take(m * widest),
    };
    this.packed = layers.map((layer) => cursor.take(layer.packed(ops)[pass]));
    this.flows = [cursor.take(m * widest), cursor.take(m * widest)];
    this.end = cursor.at;
  }
}

/** Where a backward pass collects its results. */
export class GradientLayout {
  readonly parameters: readonly (readonly number[])[];
  /** dy as given (B,outputs) and in plan order; dx in plan order (B,inputs) and in batch order. */
  readonly given: number;
  readonly sorted: number;
  readonly dx: number;
  readonly unsorted: number;
  readonly end: number;

  constructor(layers: readonly KernelLayer[], rows: number, from: number) {
    const cursor = new Cursor(from);
    this.parameters = layers.map((layer) => layer.parameters.map((n) => cursor.take(n)));
    this.given = cursor.take(rows * layers[layers.length - 1].outputs);
    this.sorted = cursor.take(rows * layers[layers.length - 1].outputs);
    this.dx = cursor.take(rows * layers[0].inputs);
    this.unsorted = cursor.take(rows * layers[0].inputs);
    this.end = cursor.at;
  }
}
