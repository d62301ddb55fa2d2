import type { Block, Heap } from './heap.ts';
import type { KernelOps } from './kernel-ops.ts';
import { bytes, type KernelLayer } from './layers/kernel-layer.ts';
import { ActivationLayout, GradientLayout, WorkLayout } from './memory-layout.ts';
import type { RowPlan, RowRange } from './row-plan.ts';

/** The operations with the memory that they work on. */
export interface Kernel {
  readonly ops: KernelOps;
  readonly heap: Heap;
}

export interface ForwardInput {
  /** (B,inputs) */
  readonly x: Float32Array;
  readonly rows: number;
  readonly plan: RowPlan;
  /** The layers' parameters one after the other. */
  readonly parameters: readonly Float32Array[];
}

export interface NetworkGradients {
  /** (B,inputs); null: nobody asked. */
  readonly dx: Float32Array | null;
  /** In the order of the parameters. */
  readonly parameters: readonly Float32Array[];
}

/** y (B,outputs) and its derivative, which can be asked for until another owner has its turn. */
export interface KeptForward {
  readonly y: Float32Array;
  backward(dy: Float32Array, wantsDx: boolean): NetworkGradients;
}

/**
 * Several layers in a row as one operation with one derivative. Rows go through all layers in ranges that fit the cache; a
 * forward pass whose derivative nobody will ask reuses the same few buffers for every range.
 */
export class NetworkKernel {
  readonly #ops: KernelOps;
  readonly #heap: Heap;
  readonly #layers: readonly KernelLayer[];

  constructor({ ops, heap }: Kernel, layers: readonly KernelLayer[]) {
    this.#ops = ops;
    this.#heap = heap;
    this.#layers = layers;
  }

  /** (B,outputs) */
  evaluate(input: ForwardInput): Float32Array {
    const block = this.#activations(input.rows, false, null);
    const y = this.#forward(input, block, false);
    this.#heap.release(block);
    return y;
  }

  evaluateKept(input: ForwardInput, owner: object): KeptForward {
    this.#heap.releaseOthers(owner);
    const block = this.#activations(input.rows, true, owner);
    const y = this.#forward(input, block, true);
    return { y, backward: (dy, wantsDx) => this.#backward(input, block, dy, wantsDx) };
  }

  #activations(rows: number, keeps: boolean, owner: object | null): Block {
    const { end } = new ActivationLayout(this.#layers, rows, keeps, 0);
    return this.#heap.allocate(end / 4, owner);
  }

  #forward(input: ForwardInput, block: Block, keeps: boolean): Float32Array {
    const { x, rows, plan } = input;
    const layers = this.#layers;
    const room = this.#heap.allocate(new WorkLayout(this.#ops, layers, 'forward', 0).end / 4);
    const layout = new ActivationLayout(layers, rows, keeps, block.at);
    const work = new WorkLayout(this.#ops, layers, 'forward', room.at);
    const { parameters } = layout;
    parameters.flat().forEach((at, p) => this.#heap.write(at, input.parameters[p]));
    layers.forEach((layer, l) => layer.pack(this.#ops, parameters[l], work.packed[l]));
    if (plan.order !== null) this.#heap.writeIntegers(layout.order, plan.order);
    this.#writeSorted(x, plan, layout.order, layout.unsorted, layout.input, layers[0].inputs);
    for (const range of plan.ranges)
      layers.forEach((layer, l) => {
        const { count, group } = range;
        const { scratch, packed } = work;
        const at = layout.at(l, range);
        layer.forward(this.#ops, {
          ...{ rows: count, group, x: at.x, y: at.y, saved: at.saved },
          ...{ parameters: parameters[l], packed: packed[l], scratch },
        });
      });
    this.#heap.release(room);
    const { outputs } = layers[layers.length - 1];
    return this.#readUnsorted(plan, layout.order, layout.result, layout.unsorted, rows, outputs);
  }

  #backward(
    { rows, plan }: ForwardInput,
    block: Block,
    dy: Float32Array,
    wantsDx: boolean,
  ): NetworkGradients {
    const layers = this.#layers;
    const size = new WorkLayout(this.#ops, layers, 'backward', 0).end;
    const total = new GradientLayout(layers, rows, size).end;
    const room = this.#heap.allocate(total / 4);
    const layout = new ActivationLayout(layers, rows, true, block.at);
    const work = new WorkLayout(this.#ops, layers, 'backward', room.at);
    const results = new GradientLayout(layers, rows, work.end);
    this.#heap.view(work.end, (results.given - work.end) / 4).fill(0);
    layers.forEach((layer, l) => layer.packBackward(this.#ops, layout.parameters[l], work.packed[l]));
    const { outputs } = layers[layers.length - 1];
    const flow = plan.order === null ? results.given : results.sorted;
    this.#writeSorted(dy, plan, layout.order, results.given, flow, outputs);
    for (const range of plan.ranges) this.#backwardRange(range, layout, work, results, flow, wantsDx);
    const { inputs } = layers[0];
    const dx = wantsDx
      ? this.#readUnsorted(plan, layout.order, results.dx, results.unsorted, rows, inputs)
      : null;
    const parameters = results.parameters.flatMap((at, l) =>
      at.map((pointer, p) => this.#heap.view(pointer, layers[l].parameters[p]).slice()),
    );
    this.#heap.release(room);
    return { dx, parameters };
  }

  #backwardRange(
    range: RowRange,
    layout: ActivationLayout,
    work: WorkLayout,
    results: GradientLayout,
    from: number,
    wantsDx: boolean,
  ): void {
    const layers = this.#layers;
    let dy = from + bytes(range.from * layers[layers.length - 1].outputs);
    for (let l = layers.length - 1; l >= 0; l -= 1) {
      const input = wantsDx ? results.dx + bytes(range.from * layers[0].inputs) : 0;
      const dx = l === 0 ? input : work.flows[l % 2];
      const { x, y, saved } = layout.at(l, range);
      layers[l].backward(this.#ops, {
        ...{ rows: range.count, group: range.group, x, y, saved, dy, dx },
        ...{ parameters: layout.parameters[l], gradients: results.parameters[l] },
        ...{ packed: work.packed[l], scratch: work.scratch },
      });
      dy = dx;
    }
  }

  /** Writes rows of the batch in the order of the plan. */
  #writeSorted(
    values: Float32Array,
    plan: RowPlan,
    order: number,
    unsorted: number,
    to: number,
    width: number,
  ): void {
    if (plan.order === null) {
      this.#heap.write(to, values);
      return;
    }
    this.#heap.write(unsorted, values);
    this.#ops.gatherRows(to, unsorted, order, plan.order.length, width);
  }

  /** Reads rows of the plan in the order of the batch. */
  #readUnsorted(
    plan: RowPlan,
    order: number,
    from: number,
    unsorted: number,
    rows: number,
    width: number,
  ): Float32Array {
    if (plan.order === null) return this.#heap.view(from, rows * width).slice();
    this.#ops.scatterRows(unsorted, from, order, rows, width);
    return this.#heap.view(unsorted, rows * width).slice();
  }
}
