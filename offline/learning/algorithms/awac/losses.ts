import * as tf from '@tensorflow/tfjs-core';
import { cloningLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape, pick } from '../../tensors/ops.ts';

/**
 * w_b = exp(Â(s_b,a_b)/λ) / max_b exp(Â/λ), 0 on rows that a rule forced: the softmax over the batch but for a constant
 * that the loss divides out (Nair et al. 2020, arXiv 2006.09359, the actor's update; the batch softmax is its public
 * implementations'). advantage, actions one-hot (B,K), isSteerable (B) → (B).
 */
export function awacWeights(
  advantage: tf.Tensor2D,
  actions: tf.Tensor2D,
  isSteerable: tf.Tensor1D,
  temperature: number,
): tf.Tensor1D {
  assertShape(isSteerable, [advantage.shape[0]], 'isSteerable');
  return tf.tidy(() => {
    const exponent = tf.div(pick(advantage, actions), temperature);
    const largest = tf.max(tf.add(exponent, tf.mul(tf.sub(isSteerable, 1), 1e9)));
    const shifted = tf.minimum(tf.sub(exponent, largest), 0);
    return tf.mul(tf.exp(shifted), isSteerable) as tf.Tensor1D;
  });
}

/** L_π = −Σ_b w_b log π(a_b|s_b) / Σ_b w_b; w carries no gradient. */
export function awacActorLoss(
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  actions: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar {
  assertShape(weights, [logits.shape[0]], 'regression weights');
  return cloningLoss(logits, eligible, actions, weights);
}
