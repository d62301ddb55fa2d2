import type * as tf from '@tensorflow/tfjs-core';
import type { TargetAttentionSpec } from '../../../../src/core/policy/artifact.ts';
import {
  attend,
  attentionColumns,
  attentionOutputs,
  pool,
} from '../../../../src/core/policy/attention-forward.ts';
import { arrayOp } from '../../tensors/array-ops.ts';
import { assertShape } from '../../tensors/ops.ts';
import { filled, kernel, walkInOrder, type TrainableLayer } from './trainable-layer.ts';

/**
 * Target attention, formula in `core/policy/attention-forward`: Wq (query,dim), bq (dim), Wk and Wv (width,dim). One operation on
 * typed arrays on every backend: TensorFlow's would form K and V of all padded events, and copy them to transpose them.
 */
export function createTargetAttention(layer: TargetAttentionSpec): TrainableLayer {
  const { dim, sequence } = layer;
  const { query } = attentionColumns(layer);
  const { width } = sequence;
  const parameters = [
    kernel([query.length, dim], query.length),
    filled([dim], 0),
    kernel([width, dim], width),
    kernel([width, dim], width),
  ];
  return {
    parameters,
    walk: (visit) => walkInOrder(parameters, visit),
    forward(tensors, x) {
      assertShape(x, [-1, layer.in], 'target-attention input');
      return arrayOp([x, ...tensors], (...given) => {
        const pass = new AttentionPass(layer, given, x.shape[0]);
        return {
          value: pass.forward(),
          shape: [x.shape[0], attentionOutputs(layer)],
          backward: (dy) => pass.backward(dy),
        };
      }) as tf.Tensor2D;
    },
    kernel: null,
    dispose: () => undefined,
  };
}

/** One batch. Names as in the formula: q, u = Wk_h q_h / √d, a = softmax(E u), p = a E, o_h = p Wv_h; d… are derivatives. */
class AttentionPass {
  readonly #layer: TargetAttentionSpec;
  readonly #given: readonly Float32Array[];
  readonly #rows: number;
  readonly #outputs: number;
  readonly #columns: { readonly query: Int32Array; readonly rest: Int32Array };
  readonly #q: Float64Array;
  readonly #u: Float64Array;
  readonly #a: Float64Array;
  readonly #p: Float64Array;

  constructor(layer: TargetAttentionSpec, given: readonly Float32Array[], rows: number) {
    this.#layer = layer;
    this.#given = given;
    this.#rows = rows;
    this.#outputs = attentionOutputs(layer);
    this.#columns = attentionColumns(layer);
    this.#q = new Float64Array(layer.dim);
    this.#u = new Float64Array(layer.sequence.width);
    this.#a = new Float64Array(layer.sequence.length);
    this.#p = new Float64Array(layer.sequence.width);
  }

  /** (B,outputs) */
  forward(): Float32Array {
    const [x, , , , wv] = this.#given;
    const { dim, heads, sequence, in: inputs } = this.#layer;
    const { rest } = this.#columns;
    const size = dim / heads;
    const y = new Float32Array(this.#rows * this.#outputs);
    for (let b = 0; b < this.#rows; b += 1) {
      const to = b * this.#outputs;
      for (let i = 0; i < rest.length; i += 1) y[to + i] = x[b * inputs + rest[i]];
      this.#ask(b * inputs);
      for (let head = 0; head < dim; head += size) {
        this.#attend(b * inputs, head);
        for (let j = 0; j < size; j += 1) {
          let sum = 0;
          for (let i = 0; i < sequence.width; i += 1) sum += this.#p[i] * wv[i * dim + head + j];
          y[to + rest.length + head + j] = sum;
        }
      }
    }
    return y;
  }

  /** Derivatives of x, Wq, bq, Wk, Wv. What a row attended to is computed again, which is cheaper than keeping it. */
  backward(dy: Float32Array): Float32Array[] {
    const [x, wq] = this.#given;
    const gradients = this.#given.map((values) => new Float32Array(values.length));
    const [dx, dwq, dbq] = gradients;
    const { dim, heads, in: inputs } = this.#layer;
    const { query, rest } = this.#columns;
    const dq = new Float64Array(dim);
    for (let b = 0; b < this.#rows; b += 1) {
      const from = b * inputs;
      const to = b * this.#outputs;
      for (let i = 0; i < rest.length; i += 1) dx[from + rest[i]] = dy[to + i];
      this.#ask(from);
      for (let head = 0; head < dim; head += dim / heads)
        this.#backwardHead(from, head, dy.subarray(to + rest.length + head), dq, gradients);
      for (let j = 0; j < dim; j += 1) dbq[j] += dq[j];
      for (let i = 0; i < query.length; i += 1) {
        let sum = 0;
        for (let j = 0; j < dim; j += 1) {
          dwq[i * dim + j] += x[from + query[i]] * dq[j];
          sum += wq[i * dim + j] * dq[j];
        }
        dx[from + query[i]] += sum;
      }
    }
    return gradients;
  }

  /** q = c Wq + bq of the row at `from`. */
  #ask(from: number): void {
    const [x, wq, bq] = this.#given;
    const { dim } = this.#layer;
    this.#q.set(bq);
    this.#columns.query.forEach((column, i) => {
      const c = x[from + column];
      for (let j = 0; j < dim; j += 1) this.#q[j] += c * wq[i * dim + j];
    });
  }

  #attend(from: number, head: number): void {
    const [x, , , wk] = this.#given;
    const { dim, heads, sequence } = this.#layer;
    const size = dim / heads;
    for (let i = 0; i < sequence.width; i += 1) {
      let sum = 0;
      for (let j = 0; j < size; j += 1) sum += wk[i * dim + head + j] * this.#q[head + j];
      this.#u[i] = sum / Math.sqrt(size);
    }
    attend(x, sequence, this.#u, this.#a, from);
    pool(x, sequence, this.#a, this.#p, from);
  }

  /** From do_h to dq_h, and into the derivatives of x, Wk and Wv. */
  #backwardHead(
    from: number,
    head: number,
    dOut: Float32Array,
    dq: Float64Array,
    gradients: readonly Float32Array[],
  ): void {
    const wk = this.#given[3];
    const wv = this.#given[4];
    const [dx, , , dwk, dwv] = gradients;
    const { dim, heads, sequence } = this.#layer;
    const size = dim / heads;
    this.#attend(from, head);
    const dp = new Float64Array(sequence.width);
    for (let i = 0; i < sequence.width; i += 1)
      for (let j = 0; j < size; j += 1) {
        dp[i] += wv[i * dim + head + j] * dOut[j];
        dwv[i * dim + head + j] += this.#p[i] * dOut[j];
      }
    const du = this.#backwardSoftmax(from, dp, dx);
    dq.fill(0, head, head + size);
    for (let i = 0; i < sequence.width; i += 1) {
      const scaled = du[i] / Math.sqrt(size);
      for (let j = 0; j < size; j += 1) {
        dwk[i * dim + head + j] += scaled * this.#q[head + j];
        dq[head + j] += scaled * wk[i * dim + head + j];
      }
    }
  }

  /** ds = a ⊙ (E dp − a · E dp); dE = a dpᵀ + ds uᵀ; du = ds E. Events that are not there get and give nothing. */
  #backwardSoftmax(row: number, dp: Float64Array, dx: Float32Array): Float64Array {
    const x = this.#given[0];
    const { from, length, width } = this.#layer.sequence;
    const du = new Float64Array(width);
    // a · E dp = (a E) dp
    let mean = 0;
    for (let i = 0; i < width; i += 1) mean += this.#p[i] * dp[i];
    for (let e = 0; e < length; e += 1) {
      const a = this.#a[e];
      if (a === 0) continue;
      const at = row + from + e * width;
      let da = 0;
      for (let i = 0; i < width; i += 1) da += x[at + i] * dp[i];
      const ds = a * (da - mean);
      for (let i = 0; i < width; i += 1) {
        dx[at + i] += a * dp[i] + ds * this.#u[i];
        du[i] += ds * x[at + i];
      }
    }
    return du;
  }
}
