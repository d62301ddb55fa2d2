import * as tf from '@tensorflow/tfjs-core';
import { assertShape, weightedMean } from '../tensors/ops.ts';

/** Losses of supervised heads. Logits and targets (B,w), weights (B). */

/** Mean over the w columns of BCE(σ(z), y) = max(z,0) − z y + log(1 + e^{−|z|}), per row (B). */
export function binaryCrossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  assertShape(targets, logits.shape, 'targets of logits');
  const width = logits.shape[1];
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const z = args[0] as tf.Tensor2D;
    (args[1] as tf.GradSaveFunc)([tf.sub(tf.sigmoid(z), targets)]);
    const softplus = tf.log(tf.add(1, tf.exp(tf.neg(tf.abs(z)))));
    const each = tf.add(tf.sub(tf.relu(z), tf.mul(z, targets)), softplus);
    return {
      value: tf.mean(each, 1),
      // ∂BCE/∂z = σ(z) − y
      gradFunc: (dy: tf.Tensor, [error]: tf.Tensor[]) =>
        tf.mul(tf.reshape(tf.div(dy, width), [-1, 1]), error),
    };
  });
  return op(logits) as tf.Tensor1D;
}

/**
 * Logits of P(T > t_k) that never increase with k: z_k = prior₀ + x₀ − Σ_{1≤j≤k} softplus(x_j + c_j), where c makes z the
 * prior logits at x = 0, so that a fresh head starts at the base rates. x (B,w).
 */
export function cumulativeLogits(x: tf.Tensor2D, priors: Float32Array): tf.Tensor2D {
  const width = priors.length;
  assertShape(x, [-1, width], 'ordinal outputs');
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const { first, rest, shift, upper, lower } = ordinalConstants(priors);
    const shifted = tf.add(args[0] as tf.Tensor2D, shift);
    const steps = tf.sub(tf.mul(shifted, first), tf.mul(softplus(shifted), rest)) as tf.Tensor2D;
    // ∂step₀/∂x₀ = 1, ∂step_j/∂x_j = −σ(x_j + c_j)
    const slopes = tf.sub(first, tf.mul(tf.sigmoid(shifted), rest));
    (args[1] as tf.GradSaveFunc)([slopes, lower]);
    return {
      value: tf.matMul(steps, upper),
      gradFunc: (dy: tf.Tensor, [slope, back]: tf.Tensor[]) =>
        tf.mul(tf.matMul(dy as tf.Tensor2D, back as tf.Tensor2D), slope),
    };
  });
  return op(x) as tf.Tensor2D;
}

function ordinalConstants(priors: Float32Array): Record<'first' | 'rest' | 'shift', tf.Tensor2D> & {
  upper: tf.Tensor2D;
  lower: tf.Tensor2D;
} {
  const width = priors.length;
  const row = (f: (k: number) => number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: width }, (_, k) => f(k)),
      [1, width],
    );
  const square = (f: (j: number, k: number) => number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: width * width }, (_, i) => f(Math.floor(i / width), i % width)),
      [width, width],
    );
  return {
    first: row((k) => (k === 0 ? 1 : 0)),
    rest: row((k) => (k === 0 ? 0 : 1)),
    shift: row((k) => (k === 0 ? priors[0] : inverseSoftplus(priors[k - 1] - priors[k]))),
    upper: square((j, k) => (j <= k ? 1 : 0)),
    lower: square((j, k) => (j >= k ? 1 : 0)),
  };
}

const softplus = (x: tf.Tensor): tf.Tensor =>
  tf.add(tf.relu(x), tf.log(tf.add(1, tf.exp(tf.neg(tf.abs(x))))));

/** Steps between neighbouring logits are at least 0.01, so that a head can still move them. */
const inverseSoftplus = (step: number): number => Math.log(Math.expm1(Math.max(step, 0.01)));

/** L = Σ_b w_b (ẑ_b − y_b)² / Σ w; predictions (B,1), targets (B,1). */
export function regressionLoss(
  predictions: tf.Tensor2D,
  targets: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar {
  assertShape(predictions, [-1, 1], 'regression outputs');
  assertShape(targets, predictions.shape, 'regression targets');
  return weightedMean(tf.sum(tf.square(tf.sub(predictions, targets)), 1) as tf.Tensor1D, weights);
}
