import * as tf from '@tensorflow/tfjs-core';
import { cloningLoss, improvementLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape, pick, weightedMean } from '../../tensors/ops.ts';

/** Equations of the SL-MGAC-style learner (design page algorithms.md 1.5; a reconstruction, not the paper's own). */

/** y = clamp( r + γ (1 − d) v', [low, high] ), row by row; all (B). */
export function boundedTarget(input: {
  readonly rewards: tf.Tensor1D;
  readonly done: tf.Tensor1D;
  readonly nextValues: tf.Tensor1D;
  readonly discount: number;
  readonly low: number;
  readonly high: number;
}): tf.Tensor1D {
  const { rewards, done, nextValues, discount, low, high } = input;
  assertShape(done, rewards.shape, 'done');
  assertShape(nextValues, rewards.shape, 'next values');
  return tf.tidy(() => {
    const bootstrap = tf.mul(tf.mul(tf.sub(1, done), nextValues), discount);
    return tf.clipByValue(tf.add(rewards, bootstrap), low, high) as tf.Tensor1D;
  });
}

/** L_TD = Σ w ℓ(Q(s,a) − y) / Σ w with ℓ(e) = e², or Huber: ½e² up to |e| = δ, then δ(|e| − ½δ). taken, targets, weights (B). */
export function valueLoss(
  taken: tf.Tensor1D,
  targets: tf.Tensor1D,
  weights: tf.Tensor1D,
  kind: 'squared' | 'huber',
): tf.Scalar {
  assertShape(targets, taken.shape, 'td targets');
  const error = tf.sub(taken, targets) as tf.Tensor1D;
  return weightedMean(kind === 'squared' ? tf.square(error) : huber(error), weights);
}

/** δ = 1: one standard deviation of the reward. Its derivative is the error clipped to [−1, 1]. */
export function huber(error: tf.Tensor1D): tf.Tensor1D {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const e = args[0] as tf.Tensor1D;
    const clipped = tf.clipByValue(e, -1, 1);
    (args[1] as tf.GradSaveFunc)([clipped]);
    return {
      // c (|e| − ½|c|) with c = clip(e): both branches in one.
      value: tf.mul(tf.abs(clipped), tf.sub(tf.abs(e), tf.mul(tf.abs(clipped), 0.5))),
      gradFunc: (dy: tf.Tensor, [c]: tf.Tensor[]) => [tf.mul(dy, c)],
    };
  });
  return op(error) as tf.Tensor1D;
}

/** Qn = q / (mean |q| + ε) over the eligible entries (TD3+BC, Fujimoto & Gu 2021, eq. 5); q, eligible (B,K). */
export function scaledByMean(q: tf.Tensor2D, eligible: tf.Tensor2D, epsilon: number): tf.Tensor2D {
  assertShape(eligible, q.shape, 'eligible');
  return tf.tidy(() => {
    const total = tf.sum(tf.mul(tf.abs(q), eligible));
    const mean = tf.div(total, tf.maximum(tf.sum(eligible), 1));
    return tf.div(q, tf.add(mean, epsilon)) as tf.Tensor2D;
  });
}

/** L_π = E[ Σ_a π(a|s) (α_H log π(a|s) − Qn(s,a)) + β CE(π, a_log) ]; Qn carries no gradient. (B,K); isSteerable (B). */
export function actorLoss(
  logits: tf.Tensor2D,
  batch: { readonly eligible: tf.Tensor2D; readonly actions: tf.Tensor2D; readonly isSteerable: tf.Tensor1D },
  scaled: tf.Tensor2D,
  options: { readonly entropyWeight: number; readonly cloningWeight: number },
): tf.Scalar {
  const { eligible, actions, isSteerable } = batch;
  const improvement = improvementLoss(logits, eligible, scaled, isSteerable, options.entropyWeight);
  if (options.cloningWeight === 0) return improvement;
  const cloning = cloningLoss(logits, eligible, actions, isSteerable);
  return tf.add(improvement, tf.mul(cloning, options.cloningWeight));
}

/** F of Q = sg[r̂] + F is trained on γ (1 − d) v' alone: boundedTarget with r = 0. */
export const decomposedValue = (rewards: tf.Tensor2D, future: tf.Tensor2D): tf.Tensor2D => {
  assertShape(rewards, future.shape, 'predicted rewards');
  return tf.add(rewards, future);
};

/** The taken action's value, Σ_a q(b,a) 1[a = a_b]. */
export const takenValue = (q: tf.Tensor2D, actions: tf.Tensor2D): tf.Tensor1D => pick(q, actions);
