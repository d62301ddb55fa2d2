import type { KernelOps } from './kernel-ops.ts';

/** A stretch of the kernel's memory; `at` in bytes. */
export interface Block {
  readonly at: number;
  readonly floats: number;
}

interface Slot extends Block {
  isFree: boolean;
  /** What it is kept for; null: its user releases it. */
  owner: object | null;
}

const pageBytes = 65_536;
/** The module's own few constants live below. */
const firstByte = 1024;

/**
 * The kernel's memory in blocks. A training step asks for the same sizes over and over, so a freed block is given to the
 * next request that fits and memory stays flat.
 */
export class Heap {
  readonly #ops: KernelOps;
  readonly #slots: Slot[] = [];
  #end = firstByte;
  #floats: Float32Array;

  constructor(ops: KernelOps) {
    this.#ops = ops;
    this.#floats = new Float32Array(ops.memory.buffer);
  }

  get bytes(): number {
    return this.#end;
  }

  /** The smallest free block that fits, else a new one. Kept until `release`, or until its owner's turn is over. */
  allocate(floats: number, owner: object | null = null): Block {
    const slot = this.#bestFree(floats) ?? this.#append(floats);
    slot.isFree = false;
    slot.owner = owner;
    return slot;
  }

  release(block: Block): void {
    (block as Slot).isFree = true;
  }

  /** It is this owner's turn: frees what others own. */
  releaseOthers(owner: object): void {
    for (const slot of this.#slots) if (slot.owner !== null && slot.owner !== owner) slot.isFree = true;
  }

  #bestFree(floats: number): Slot | null {
    let best: Slot | null = null;
    for (const slot of this.#slots)
      if (slot.isFree && slot.floats >= floats && (best === null || slot.floats < best.floats)) best = slot;
    // A block far too large stays for those who need it.
    return best !== null && best.floats <= 4 * floats + 4096 ? best : null;
  }

  #append(floats: number): Slot {
    const slot: Slot = { at: this.#end, floats, isFree: false, owner: null };
    this.#slots.push(slot);
    // Whole cache lines, and one to spare: a SIMD load may read past the last odd column.
    this.#end += (Math.ceil(floats / 16) + 1) * 64;
    this.#grow();
    return slot;
  }

  /** A view that is valid until the next `allocate`. */
  view(at: number, floats: number): Float32Array {
    this.#refresh();
    return this.#floats.subarray(at >> 2, (at >> 2) + floats);
  }

  write(at: number, values: Float32Array): void {
    this.#refresh();
    this.#floats.set(values, at >> 2);
  }

  writeIntegers(at: number, values: Int32Array): void {
    new Int32Array(this.#ops.memory.buffer, at, values.length).set(values);
  }

  #grow(): void {
    const { memory } = this.#ops;
    const missing = this.#end - memory.buffer.byteLength;
    // By half at least, so that growing stays rare.
    if (missing > 0) memory.grow(Math.ceil(Math.max(missing, memory.buffer.byteLength / 2) / pageBytes));
  }

  #refresh(): void {
    const { buffer } = this.#ops.memory;
    if (this.#floats.buffer !== buffer) this.#floats = new Float32Array(buffer);
  }
}
