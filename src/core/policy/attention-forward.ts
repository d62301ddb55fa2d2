import type { TargetAttentionSpec } from './artifact.ts';

/** Columns of the query, and those that pass through: all but the sequence. Ascending. */
export function attentionColumns({ in: inputs, query, sequence }: TargetAttentionSpec): {
  readonly query: Int32Array;
  readonly rest: Int32Array;
} {
  const until = sequence.from + sequence.length * sequence.width;
  const rest = Array.from({ length: inputs }, (_, i) => i).filter((i) => i < sequence.from || i >= until);
  const columns = query.flatMap(({ from, width }) => Array.from({ length: width }, (_, i) => from + i));
  return { query: Int32Array.from(columns), rest: Int32Array.from(rest) };
}

export const queryWidth = ({ query }: TargetAttentionSpec): number =>
  query.reduce((sum, { width }) => sum + width, 0);

export function attentionWeights(layer: TargetAttentionSpec): number {
  return (queryWidth(layer) + 1 + 2 * layer.sequence.width) * layer.dim;
}

export const attentionOutputs = ({ in: inputs, sequence, dim }: TargetAttentionSpec): number =>
  inputs - sequence.length * sequence.width + dim;

/**
 * Target attention: what is decided about asks the events of a sequence.
 *
 *     q = c Wq + bq,   K = E Wk,   V = E Wv,   o_h = softmax(q_h K_hᵀ / √d) V_h   over the events that are there
 *
 * with c the query columns, E (length, width) the events, d = dim / heads columns per head, o = o_1 ⧺ … . Without events o is 0.
 * Computed from the inside out: K and V are never formed, because q_h (E Wk_h)ᵀ = E (Wk_h q_hᵀ) and a (E Wv_h) = (a E) Wv_h.
 *
 * Source: Zhou et al. 2018, "Deep interest network for click-through rate prediction"; Vaswani et al. 2017, eq. 1.
 */
export function compileAttention(
  layer: TargetAttentionSpec,
  weights: Float32Array,
  at: number,
): (x: Float64Array, out: Float64Array) => void {
  const { dim, heads, sequence } = layer;
  const { query, rest } = attentionColumns(layer);
  const { width } = sequence;
  const size = dim / heads;
  const atBias = at + query.length * dim;
  const atKeys = atBias + dim;
  const atValues = atKeys + width * dim;
  const q = new Float64Array(dim);
  const toward = new Float64Array(width);
  const pooled = new Float64Array(width);
  const attention = new Float64Array(sequence.length);
  return (x, out) => {
    for (let i = 0; i < rest.length; i++) out[i] = x[rest[i]];
    for (let j = 0; j < dim; j++) q[j] = weights[atBias + j];
    for (let i = 0; i < query.length; i++) {
      const c = x[query[i]];
      if (c === 0) continue;
      for (let j = 0; j < dim; j++) q[j] += c * weights[at + i * dim + j];
    }
    for (let h = 0; h < heads; h++) {
      const head = h * size;
      for (let i = 0; i < width; i++) {
        let sum = 0;
        for (let j = 0; j < size; j++) sum += weights[atKeys + i * dim + head + j] * q[head + j];
        toward[i] = sum / Math.sqrt(size);
      }
      attend(x, sequence, toward, attention);
      pool(x, sequence, attention, pooled);
      const to = rest.length + head;
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += pooled[i] * weights[atValues + i * dim + head + j];
        out[to + j] = sum;
      }
    }
  };
}

type Sequence = TargetAttentionSpec['sequence'];

/** Softmax of E · toward over the events that are there; 0 elsewhere, and everywhere when there are none. */
export function attend(
  x: ArrayLike<number>,
  { from, length, width }: Sequence,
  toward: Float64Array,
  attention: Float64Array,
  row = 0,
): void {
  let max = -Infinity;
  for (let e = 0; e < length; e++) {
    const start = row + from + e * width;
    attention[e] = -Infinity;
    if (x[start] === 0) continue;
    let score = 0;
    for (let i = 0; i < width; i++) score += x[start + i] * toward[i];
    attention[e] = score;
    if (score > max) max = score;
  }
  let sum = 0;
  for (let e = 0; e < length; e++) {
    attention[e] = attention[e] === -Infinity ? 0 : Math.exp(attention[e] - max);
    sum += attention[e];
  }
  if (sum > 0) for (let e = 0; e < length; e++) attention[e] /= sum;
}

/** pooled = a E */
export function pool(
  x: ArrayLike<number>,
  { from, length, width }: Sequence,
  attention: Float64Array,
  pooled: Float64Array,
  row = 0,
): void {
  pooled.fill(0);
  for (let e = 0; e < length; e++) {
    const a = attention[e];
    if (a === 0) continue;
    const start = row + from + e * width;
    for (let i = 0; i < width; i++) pooled[i] += a * x[start + i];
  }
}
