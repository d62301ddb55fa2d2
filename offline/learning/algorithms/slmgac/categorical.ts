import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../../src/core/check.ts';
import { normalCdf } from '../../../../src/core/math/normal.ts';
import { assertShape, maskedLogSoftmax, weightedMean } from '../../tensors/ops.ts';

/** The categorical critic: a distribution of the return over fixed atoms, its mean is Q. */

export type Projection = 'two-hot' | 'hl-gauss';

/** `count` atoms, evenly from the lowest to the highest return that the training rows show. */
export function evenAtoms(returns: ArrayLike<number>, count: number): Float32Array {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < returns.length; i += 1) {
    low = Math.min(low, returns[i]);
    high = Math.max(high, returns[i]);
  }
  if (!(high > low)) high = low + 1;
  return Float32Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}

/** G = r + γ G' along every session of the log, as far as it is known: the range of what a policy may return. */
export function loggedReturns(
  rewards: ArrayLike<number>,
  log: { readonly nextRow: Int32Array; readonly done: Uint8Array },
  discount: number,
): Float64Array {
  const returns = new Float64Array(rewards.length);
  // A session is a contiguous run of rows in order: its later rows are done first.
  for (let row = rewards.length - 1; row >= 0; row -= 1) {
    const next = log.done[row] === 1 ? -1 : log.nextRow[row];
    invariant(next < 0 || next > row, 'a next row comes later');
    returns[row] = rewards[row] + (next >= 0 ? discount * returns[next] : 0);
  }
  return returns;
}

/**
 * Targets y (B) as distributions over the atoms (B·n). Two-hot: the neighbours z_k ≤ y ≤ z_{k+1} share the mass so that its mean is
 * y. HL-Gauss (Imani & White 2018): the mass of N(y, (¾ bin)²) in every atom's cell, normalised. y is clamped to the atoms.
 */
export function projectReturns(
  y: ArrayLike<number>,
  atoms: Float32Array,
  projection: Projection,
): Float32Array {
  const n = atoms.length;
  const step = atoms[1] - atoms[0];
  const out = new Float32Array(y.length * n);
  for (let b = 0; b < y.length; b += 1) {
    const clamped = Math.min(atoms[n - 1], Math.max(atoms[0], y[b]));
    const row = out.subarray(b * n, (b + 1) * n);
    if (projection === 'two-hot') {
      const at = Math.min(n - 2, Math.floor((clamped - atoms[0]) / step));
      const share = Math.min(1, Math.max(0, (clamped - atoms[at]) / step));
      row[at] = 1 - share;
      row[at + 1] = share;
    } else spread(clamped, atoms, step, row);
  }
  return out;
}

function spread(y: number, atoms: Float32Array, step: number, row: Float32Array): void {
  const cdf = (edge: number): number => normalCdf((edge - y) / (0.75 * step));
  const low = cdf(atoms[0] - step / 2);
  const total = cdf(atoms[atoms.length - 1] + step / 2) - low;
  atoms.forEach((atom, k) => (row[k] = (cdf(atom + step / 2) - cdf(atom - step / 2)) / total));
}

/** L = −Σ_b w_b Σ_k q_k log p_k / Σ w: cross-entropy; logits of the logged action and targets (B,n), weights (B). */
export function categoricalLoss(logits: tf.Tensor2D, targets: tf.Tensor2D, weights: tf.Tensor1D): tf.Scalar {
  assertShape(targets, logits.shape, 'projected returns');
  const logP = maskedLogSoftmax(logits, tf.onesLike(logits));
  return weightedMean(tf.neg(tf.sum(tf.mul(targets, logP), 1)) as tf.Tensor1D, weights);
}

/** Q(s,a) = Σ_k z_k p_k(s,a); logits (B, K·n) → (B,K). Not for gradients. */
export function categoricalMean(logits: tf.Tensor2D, atoms: Float32Array, actionCount: number): tf.Tensor2D {
  const n = atoms.length;
  assertShape(logits, [-1, actionCount * n], 'categorical outputs');
  return tf.tidy(() => {
    const p = tf.softmax(tf.reshape(logits, [-1, n])) as tf.Tensor2D;
    return tf.reshape(tf.matMul(p, tf.tensor2d(atoms, [n, 1])), [-1, actionCount]) as tf.Tensor2D;
  });
}

/** Logits at which a fresh critic starts: how often the logged returns fall to each atom, smoothed. */
export function atomPriors(returns: ArrayLike<number>, atoms: Float32Array): Float32Array {
  const n = atoms.length;
  const counts = new Float64Array(n).fill(1 / n);
  const projected = projectReturns(returns, atoms, 'two-hot');
  projected.forEach((mass, i) => (counts[i % n] += mass));
  return Float32Array.from(counts, (count) => Math.log(count / (returns.length + 1)));
}
