import * as tf from '@tensorflow/tfjs-core';
import { areTensorsArrays, rowSumsOnArrays } from '../tensors/array-ops.ts';
import { assertShape, pick, weightedMean } from '../tensors/ops.ts';

/**
 * y = clamp( r + γ (1 − d) v', ±bound ), row by row (the published code of TSCAC broadcast (B,1) against (B) here and
 * averaged the terminal masks away). rewards, done, nextValues (B).
 */
export function tdTarget(input: {
  readonly rewards: tf.Tensor1D;
  readonly done: tf.Tensor1D;
  readonly nextValues: tf.Tensor1D;
  readonly discount: number;
  readonly bound: number;
}): tf.Tensor1D {
  const { rewards, done, nextValues, discount, bound } = input;
  const size = rewards.shape[0];
  assertShape(rewards, [size], 'rewards');
  assertShape(done, [size], 'done');
  assertShape(nextValues, [size], 'next values');
  return tf.tidy(() => {
    const bootstrap = tf.mul(tf.mul(tf.sub(1, done), nextValues), discount);
    return tf.clipByValue(tf.add(rewards, bootstrap), -bound, bound) as tf.Tensor1D;
  });
}

/**
 * L_Q = Σ w (Q(s,a) − y)² / Σ w. Squared, not Huber: a heavy-tailed response must be estimated by its mean.
 * actionValues, actions one-hot (B,K); targets, weights (B).
 */
export function criticLoss(
  actionValues: tf.Tensor2D,
  actions: tf.Tensor2D,
  targets: tf.Tensor1D,
  weights: tf.Tensor1D,
): tf.Scalar {
  const taken = pick(actionValues, actions);
  assertShape(targets, taken.shape, 'td targets');
  return weightedMean(tf.square(tf.sub(taken, targets)), weights);
}

/** A(s,a) = Q(s,a) − Σ_b π(b|s) Q(s,b); actionValues, probabilities (B,K). */
export function advantages(actionValues: tf.Tensor2D, probabilities: tf.Tensor2D): tf.Tensor2D {
  assertShape(probabilities, actionValues.shape, 'probabilities');
  return tf.tidy(() => {
    const products = tf.mul<tf.Tensor2D>(probabilities, actionValues);
    const mean = areTensorsArrays() ? rowSumsOnArrays(products) : tf.sum(products, 1, true);
    return tf.sub(actionValues, mean);
  });
}

/**
 * Â = A / (std(A) + floor), std over the eligible entries of the batch. The floor (in units of the response's
 * standard deviation) keeps a response without signal from having its noise blown up to size one.
 */
export function standardise(advantage: tf.Tensor2D, eligible: tf.Tensor2D, floor: number): tf.Tensor2D {
  assertShape(eligible, advantage.shape, 'eligible');
  return tf.tidy(() => {
    const squares = tf.sum(tf.mul(tf.square(advantage), eligible));
    const std = tf.sqrt(tf.div(squares, tf.maximum(tf.sum(eligible), 1)));
    return tf.div(advantage, tf.add(std, floor));
  });
}
