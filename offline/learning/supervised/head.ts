import * as tf from '@tensorflow/tfjs-core';
import { assertShape, weightedMean } from '../tensors/ops.ts';
import type { Bins } from './bins.ts';
import { binaryCrossEntropy, cumulativeLogits, regressionLoss } from './losses.ts';

export type HeadKind = 'binary' | 'ordinal' | 'regression';

/** A supervised task on the critic's trunk: `width` outputs per action, and what they should be. */
export interface Head {
  readonly name: string;
  readonly kind: HeadKind;
  readonly width: number;
  /** n labels: 0/1, the response itself (ordinal), or (response − shift) / scale (regression). */
  readonly labels: Float32Array;
  /** n; 1 where the label is known and the task is defined. */
  readonly isKnown: Uint8Array;
  /** Logits at which a fresh head starts (`width`): the base rates of the training rows; 0 for a regression. */
  readonly priors: Float32Array;
  readonly bins: Bins | null;
  readonly scale: number;
  readonly shift: number;
}

/** Targets (B,width): the label, or 1[T > t_k] for every k < K. */
export function headTargets(head: Head, rows: Int32Array): tf.Tensor2D {
  const { width, labels, bins } = head;
  const targets = new Float32Array(rows.length * width);
  rows.forEach((row, b) => {
    if (bins === null) targets[b] = labels[row];
    else for (let k = 0; k < width; k += 1) targets[b * width + k] = labels[row] > bins.edges[k] ? 1 : 0;
  });
  return tf.tensor2d(targets, [rows.length, width]);
}

/** w_b: 1 on the rows that the task is defined for (B). */
export const headWeights = (head: Head, rows: Int32Array): tf.Tensor1D =>
  tf.tensor1d(Float32Array.from(rows, (row) => head.isKnown[row]));

/**
 * L_j = Σ_b w_b ℓ_j / Σ w: BCE, mean BCE over the bins (ordinal), or squared error. outputs (B,width) are those of the
 * logged action.
 */
export function headLoss(
  head: Head,
  outputs: tf.Tensor2D,
  targets: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar {
  assertShape(outputs, [-1, head.width], `outputs of ${head.name}`);
  if (head.kind === 'regression') return regressionLoss(outputs, targets, weights);
  return weightedMean(binaryCrossEntropy(headLogits(head, outputs), targets), weights);
}

/** Logits z (B,width) of a binary or ordinal head. */
export function headLogits(head: Head, outputs: tf.Tensor2D): tf.Tensor2D {
  if (head.kind === 'ordinal') return cumulativeLogits(outputs, head.priors);
  return tf.add(outputs, head.priors[0]) as tf.Tensor2D;
}

/** What the head expects, in the response's own unit: P(y = 1), T̂ = m₀ + Σ p_k (m_{k+1} − m_k), or ŷ. (B,width) → (B). */
export function headPrediction(head: Head, outputs: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    if (head.kind === 'regression')
      return tf.add(tf.mul(tf.reshape(outputs, [-1]), head.scale), head.shift) as tf.Tensor1D;
    const p = tf.sigmoid(headLogits(head, outputs));
    if (head.bins === null) return tf.reshape(p, [-1]);
    const { points } = head.bins;
    const steps = Float32Array.from({ length: head.width }, (_, k) => points[k + 1] - points[k]);
    const restored = tf.matMul(p as tf.Tensor2D, tf.tensor2d(steps, [head.width, 1]));
    return tf.add(tf.reshape(restored, [-1]), points[0]) as tf.Tensor1D;
  });
}
