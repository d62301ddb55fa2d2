import * as tf from '@tensorflow/tfjs-core';
import { cloningLoss, improvementLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape } from '../../tensors/ops.ts';

/** (1/N) Σ_b Σ_a e(a|s_b) |Q(s_b,a)| / Σ_a e: the denominator of λ (Fujimoto & Gu 2021, eq. 5). All (B,K). */
export function meanAbsoluteValue(actionValues: tf.Tensor2D, eligible: tf.Tensor2D): tf.Scalar {
  assertShape(eligible, actionValues.shape, 'eligible');
  return tf.tidy(() =>
    tf.div(tf.sum(tf.mul(tf.abs(actionValues), eligible)), tf.maximum(tf.sum(eligible), 1)),
  );
}

/**
 * L_π = −Σ_a π(a|s) λQ(s,a) + CE(π, a_log) over the rows that no rule forced (Fujimoto & Gu 2021, eq. 3; the squared
 * distance of actions becomes the cross-entropy, the sampled action the exact expectation). `scaled` is λQ or λA,
 * without gradient. logits, eligible, actions, scaled (B,K); isSteerable (B).
 */
export function td3bcActorLoss(
  logits: tf.Tensor2D,
  batch: {
    readonly eligible: tf.Tensor2D;
    readonly actions: tf.Tensor2D;
    readonly isSteerable: tf.Tensor1D;
  },
  scaled: tf.Tensor2D,
): tf.Scalar {
  const { eligible, actions, isSteerable } = batch;
  return tf.add(
    improvementLoss(logits, eligible, scaled, isSteerable, 0),
    cloningLoss(logits, eligible, actions, isSteerable),
  );
}
