import * as tf from '@tensorflow/tfjs-core';
import { areTensorsArrays } from '../tensors/array-ops.ts';
import { improvementOnArrays } from '../tensors/improvement-on-arrays.ts';
import { assertShape, maskedLogSoftmax, pick, weightedMean } from '../tensors/ops.ts';

/** Objectives that several algorithms share. logits, eligible, actions (B,K); weights (B). */

/** L = −Σ_b w_b log π(a_b|s_b) / Σ w: cross-entropy with the logged action. */
export function cloningLoss(
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  actions: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar {
  return weightedMean(tf.neg(pick(maskedLogSoftmax(logits, eligible), actions)), weights);
}

/** L = −Σ_b w_b Σ_a p*(a|s_b) log π(a|s_b) / Σ w: KL(p* ‖ π) but for a constant; `target` carries no gradient. */
export function projectionLoss(
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  target: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar {
  assertShape(target, logits.shape, 'target distribution');
  return weightedMean(
    tf.neg(tf.sum(tf.mul(target, maskedLogSoftmax(logits, eligible)), 1)) as tf.Tensor1D,
    weights,
  );
}

/** L = Σ_b w_b Σ_a π(a|s_b) [ α log π(a|s_b) − Â(s_b,a) ] / Σ w: exact policy improvement with entropy weight α. */
export function improvementLoss(
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  advantage: tf.Tensor2D,
  weights: tf.Tensor1D,
  entropyWeight: number,
): tf.Scalar {
  assertShape(advantage, logits.shape, 'advantage');
  assertShape(weights, [logits.shape[0]], 'weights');
  const logP = maskedLogSoftmax(logits, eligible);
  if (areTensorsArrays()) return improvementOnArrays(logP, advantage, weights, entropyWeight);
  const inner = tf.sub(tf.mul(logP, entropyWeight), advantage);
  return weightedMean(tf.sum(tf.mul(tf.exp(logP), inner), 1) as tf.Tensor1D, weights);
}
