import * as tf from '@tensorflow/tfjs-core';
import { cloningLoss, improvementLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape } from '../../tensors/ops.ts';

/**
 * V̄(s') = Σ_a π(a|s') [ min_i Q̄ᵢ(s',a) − α log π(a|s') ] (Christodoulou 2019, arXiv 1910.07207, eq. 10): summed over the
 * actions, not averaged. actionValues, logProbabilities (B,K) → (B).
 */
export function softStateValues(
  actionValues: tf.Tensor2D,
  logProbabilities: tf.Tensor2D,
  alpha: number,
): tf.Tensor1D {
  assertShape(logProbabilities, actionValues.shape, 'log probabilities');
  return tf.tidy(() => {
    const inner = tf.sub(actionValues, tf.mul(logProbabilities, alpha));
    return tf.sum(tf.mul(tf.exp(logProbabilities), inner), 1) as tf.Tensor1D;
  });
}

/**
 * L_π = Σ_a π(a|s) [ α log π(a|s) − min_i Qᵢ(s,a) ] + bc · CE(π, a_log) over the rows that no rule forced (ibid., eq. 12;
 * the last term keeps to the log). logits, eligible, actions, actionValues (B,K); isSteerable (B).
 */
export function sacActorLoss(
  logits: tf.Tensor2D,
  batch: {
    readonly eligible: tf.Tensor2D;
    readonly actions: tf.Tensor2D;
    readonly isSteerable: tf.Tensor1D;
  },
  actionValues: tf.Tensor2D,
  options: { readonly alpha: number; readonly cloningWeight: number },
): tf.Scalar {
  const { eligible, actions, isSteerable } = batch;
  const improvement = improvementLoss(logits, eligible, actionValues, isSteerable, options.alpha);
  if (options.cloningWeight === 0) return improvement;
  const cloning = cloningLoss(logits, eligible, actions, isSteerable);
  return tf.add(improvement, tf.mul(cloning, options.cloningWeight));
}

/** −Σ_b w_b Σ_a π log π / Σ w, nats; logProbabilities (B,K), weights (B). */
export function meanEntropy(logProbabilities: tf.Tensor2D, weights: tf.Tensor1D): number {
  assertShape(weights, [logProbabilities.shape[0]], 'weights');
  return tf.tidy(() => {
    const perRow = tf.neg(tf.sum(tf.mul(tf.exp(logProbabilities), logProbabilities), 1));
    const total = tf.maximum(tf.sum(weights), 1e-8);
    return tf.div(tf.sum(tf.mul(perRow, weights)), total).dataSync()[0];
  });
}
