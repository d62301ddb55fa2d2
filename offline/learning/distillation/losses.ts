import * as tf from '@tensorflow/tfjs-core';
import { assertShape, maskedLogSoftmax, weightedMean } from '../tensors/ops.ts';

/**
 * L_S = T² Σ_b w_b KL( softmax(z_T/T) ‖ softmax(z_S/T) ) / Σ w over the eligible actions (Hinton et al. 2015; T² keeps the size of the
 * gradient). The teacher carries no gradient. studentLogits, teacherLogits, eligible (B,K); weights (B).
 */
export function distillationLoss(
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  weights: tf.Tensor1D,
  temperature: number,
): tf.Scalar {
  assertShape(teacherLogits, studentLogits.shape, 'teacher logits');
  // Multiplied, not divided: division has no registered derivative.
  const soften = (logits: tf.Tensor2D): tf.Tensor2D =>
    maskedLogSoftmax(tf.mul(logits, 1 / temperature) as tf.Tensor2D, eligible);
  const logTeacher = soften(teacherLogits);
  const logRatio = tf.sub(logTeacher, soften(studentLogits));
  // An ineligible action has p = e^{−1e9} = 0 and a finite logarithm: its product is 0.
  const divergence = tf.sum(tf.mul(tf.exp(logTeacher), logRatio), 1) as tf.Tensor1D;
  return tf.mul(weightedMean(divergence, weights), temperature * temperature);
}

/** w_g = min(10, 1 / (G' · share_g)) over the G' groups that occur: every group weighs the same in the loss. */
export function groupWeights(groups: Int32Array, rows: Int32Array, groupCount: number): Float32Array {
  const counts = new Float64Array(groupCount);
  for (const row of rows) counts[groups[row]] += 1;
  const present = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  return Float32Array.from(counts, (count) =>
    count === 0 ? 1 : Math.min(10, rows.length / (present * count)),
  );
}
