import * as tf from '@tensorflow/tfjs-core';
import { cloningLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape, pick } from '../../tensors/ops.ts';

/**
 * f(Â(s,a)) at the logged action: min(exp(Â/β), maxWeight) or 1[Â > 0] (Wang et al. 2020, eq. 3–4; the clip at 20 is
 * theirs). advantage, actions one-hot (B,K) → (B).
 */
export function crrWeights(
  advantage: tf.Tensor2D,
  actions: tf.Tensor2D,
  options: {
    readonly weighting: 'exp' | 'binary';
    readonly beta: number;
    readonly maxWeight: number;
  },
): tf.Tensor1D {
  return tf.tidy(() => {
    const taken = pick(advantage, actions);
    if (options.weighting === 'binary') return tf.step(taken) as tf.Tensor1D;
    return tf.minimum(tf.exp(tf.div(taken, options.beta)), options.maxWeight) as tf.Tensor1D;
  });
}

/** L_π = −Σ_b m_b f(Â_b) log π(a_b|s_b) / Σ_b m_b f(Â_b); f carries no gradient; m excludes forced rows. */
export function crrActorLoss(
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  actions: tf.Tensor2D,
  weights: tf.Tensor1D,
  isSteerable: tf.Tensor1D,
): tf.Scalar {
  assertShape(weights, [logits.shape[0]], 'regression weights');
  return cloningLoss(logits, eligible, actions, tf.mul(weights, isSteerable) as tf.Tensor1D);
}
