import { invariant } from '../check.ts';
import type { Activation, LayerSpec } from './artifact.ts';
import { attentionOutputs, attentionWeights, compileAttention } from './attention-forward.ts';
import { compileEmbedding, embeddingLayout, embeddingWeights } from './embedding-forward.ts';

export interface Network {
  readonly inputWidth: number;
  /** Writes one logit per output. Not re-entrant: it reuses its own buffers. */
  forward(input: Float32Array, group: number, logits: Float64Array): void;
}

const LAYER_NORM_EPSILON = 1e-5;

/** Weights of the layers in the order of `LayerSpec`. */
export function weightCountOf(layers: readonly LayerSpec[]): number {
  return layers.reduce((sum, layer) => sum + layerWeights(layer), 0);
}

export const inputWidthOf = (layer: LayerSpec): number =>
  layer.kind === 'layer-norm' ? layer.size : layer.in;

export const outputWidthOf = (layer: LayerSpec): number => {
  switch (layer.kind) {
    case 'layer-norm':
      return layer.size;
    case 'embedding':
      return embeddingLayout(layer).outputs;
    case 'target-attention':
      return attentionOutputs(layer);
    default:
      return layer.kind === 'group-routed' && layer.concatInput ? layer.in + layer.out : layer.out;
  }
};

/**
 * Forward pass on typed arrays. Weights stay float32, everything else is float64, so the result differs from a float32
 * tensor library by rounding only. A zero input skips its row of the kernel: one-hot inputs and ReLU outputs are mostly
 * zero. A group outside 0 … groups − 1 uses block 0, the "unknown" one.
 */
export function compileNetwork(layers: readonly LayerSpec[], weights: Float32Array): Network {
  invariant(weights.length === weightCountOf(layers), 'the weights do not fit the layers');
  const steps: Step[] = [];
  let at = 0;
  for (const layer of layers) {
    const out = new Float64Array(outputWidthOf(layer));
    const step = { layer, weights, at, out, rows: new Int32Array(inputWidthOf(layer)) };
    steps.push({ ...step, compute: computationOf(layer, weights, at) });
    at += layerWeights(layer);
  }
  const inputWidth = inputWidthOf(layers[0]);
  const first = new Float64Array(inputWidth);
  const last = steps[steps.length - 1].out;
  return {
    inputWidth,
    forward(input, group, logits) {
      first.set(input);
      let x: Float64Array = first;
      for (let i = 0; i < steps.length; i++) {
        run(steps[i], x, group);
        x = steps[i].out;
      }
      logits.set(last);
    },
  };
}

interface Step {
  readonly layer: LayerSpec;
  readonly weights: Float32Array;
  readonly at: number;
  readonly out: Float64Array;
  /** Scratch of `dense`, one per input. */
  readonly rows: Int32Array;
  /** Of the layers that have a file of their own. */
  readonly compute: ((x: Float64Array, out: Float64Array) => void) | null;
}

function computationOf(layer: LayerSpec, weights: Float32Array, at: number): Step['compute'] {
  if (layer.kind === 'embedding') return compileEmbedding(layer, weights, at);
  return layer.kind === 'target-attention' ? compileAttention(layer, weights, at) : null;
}

function layerWeights(layer: LayerSpec): number {
  switch (layer.kind) {
    case 'layer-norm':
      return 2 * layer.size;
    case 'dense':
      return (layer.in + 1) * layer.out;
    case 'group-routed':
      return layer.groups * blockWeights(layer);
    case 'embedding':
      return embeddingWeights(layer.tables);
    case 'target-attention':
      return attentionWeights(layer);
  }
}

function blockWeights(layer: Extract<LayerSpec, { kind: 'group-routed' }>): number {
  return (layer.in + 1) * layer.out + (layer.layerNorm ? 2 * layer.out : 0);
}

function run(step: Step, x: Float64Array, group: number): void {
  const { layer, weights, at, out, compute } = step;
  if (compute !== null) {
    compute(x, out);
    return;
  }
  if (layer.kind === 'layer-norm') {
    out.set(x);
    layerNorm(out, 0, layer.size, weights, at);
    return;
  }
  if (layer.kind === 'dense') {
    dense(step, x, at, 0, layer.out);
    activate(out, 0, layer.activation);
    return;
  }
  if (layer.kind !== 'group-routed') return;
  const known = Number.isInteger(group) && group >= 0 && group < layer.groups;
  const block = at + (known ? group : 0) * blockWeights(layer);
  const offset = layer.concatInput ? layer.in : 0;
  if (layer.concatInput) out.set(x);
  dense(step, x, block, offset, layer.out);
  activate(out, offset, layer.activation);
  if (layer.layerNorm) layerNorm(out, offset, layer.out, weights, block + (layer.in + 1) * layer.out);
}

/**
 * out_j = b_j + Σ_i x_i W_ij, W row-major from `at`, then b; out from `offset`. Four rows at a time, so that an output is
 * loaded and stored once for four products; the products are still added one after the other in the order of i, so the
 * result is bit for bit that of the plain double loop.
 */
function dense(step: Step, x: Float64Array, at: number, offset: number, outputs: number): void {
  const { weights, out, rows } = step;
  const inputs = rows.length;
  let used = 0;
  for (let i = 0; i < inputs; i++) if (x[i] !== 0) rows[used++] = i;
  const bias = at + inputs * outputs;
  for (let j = 0; j < outputs; j++) out[offset + j] = weights[bias + j];
  let k = 0;
  for (; k + 4 <= used; k += 4) {
    const a = x[rows[k]];
    const b = x[rows[k + 1]];
    const c = x[rows[k + 2]];
    const d = x[rows[k + 3]];
    const atA = at + rows[k] * outputs;
    const atB = at + rows[k + 1] * outputs;
    const atC = at + rows[k + 2] * outputs;
    const atD = at + rows[k + 3] * outputs;
    for (let j = 0; j < outputs; j++) {
      out[offset + j] =
        out[offset + j] +
        a * weights[atA + j] +
        b * weights[atB + j] +
        c * weights[atC + j] +
        d * weights[atD + j];
    }
  }
  for (; k < used; k++) {
    const xi = x[rows[k]];
    const row = at + rows[k] * outputs;
    for (let j = 0; j < outputs; j++) out[offset + j] += xi * weights[row + j];
  }
}

function activate(out: Float64Array, offset: number, activation: Activation): void {
  if (activation === 'none') return;
  for (let j = offset; j < out.length; j++) {
    const z = out[j];
    if (activation === 'silu') out[j] = z / (1 + Math.exp(-z));
    else if (!(z > 0)) out[j] = Number.isNaN(z) ? z : 0;
  }
}

/** y = γ (x − mean) / √(variance + ε) + β in place, variance biased (÷ n); γ from `at`, then β. */
function layerNorm(x: Float64Array, offset: number, size: number, weights: Float32Array, at: number): void {
  let mean = 0;
  for (let j = 0; j < size; j++) mean += x[offset + j];
  mean /= size;
  let variance = 0;
  for (let j = 0; j < size; j++) variance += (x[offset + j] - mean) ** 2;
  const scale = 1 / Math.sqrt(variance / size + LAYER_NORM_EPSILON);
  for (let j = 0; j < size; j++) {
    x[offset + j] = (x[offset + j] - mean) * scale * weights[at + j] + weights[at + size + j];
  }
}
