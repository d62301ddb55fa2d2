import * as tf from '@tensorflow/tfjs-core';
import { assertShape } from '../tensors/ops.ts';

/** `half-square`: as published (Huber of width 50 is x²/2 near zero); `square`: σ can be read as a standard deviation. */
export type SpreadError = 'half-square' | 'square';

/**
 * Where the standard deviation σ of a Gaussian critic is pulled, ω (σ² − e(C(y_z) − Q)) / (σ + 0.1), without a gradient:
 * C(y_z) = Q + clip(y_z − Q, ±3 σ̄) and ω = clip(σ̄² / (σ² + 0.1), 0.1, 10) (Duan et al. 2023, DSAC-T, the refinements of
 * section IV). The fixed point is σ² = E[e]: with the published e it is near RMS / √2 of the errors, not their deviation.
 *
 * @param means Q(s,a) (B); @param deviations σ(s,a) > 0 (B); @param samples y_z, a draw of the target distribution (B)
 * @param averageDeviation σ̄ > 0, a moving average of σ
 */
export function spreadPull(input: {
  readonly means: tf.Tensor1D;
  readonly deviations: tf.Tensor1D;
  readonly samples: tf.Tensor1D;
  readonly averageDeviation: number;
  readonly error: SpreadError;
}): tf.Tensor1D {
  const { means, deviations, samples, averageDeviation, error } = input;
  assertShape(deviations, means.shape, 'standard deviations');
  assertShape(samples, means.shape, 'target samples');
  return tf.tidy(() => {
    const bound = 3 * averageDeviation;
    const clipped = tf.clipByValue(tf.sub(samples, means), -bound, bound);
    const errors = tf.mul(tf.square(clipped), error === 'square' ? 1 : 0.5);
    const squares = tf.square(deviations);
    const omega = tf.clipByValue(tf.div(averageDeviation ** 2, tf.add(squares, 0.1)), 0.1, 10);
    return tf.div(tf.mul(omega, tf.sub(squares, errors)), tf.add(deviations, 0.1)) as tf.Tensor1D;
  });
}

/** L_σ = mean σ · sg(pull): its gradient in σ is the pull. deviations, pull (B). */
export function spreadLoss(deviations: tf.Tensor1D, pull: tf.Tensor1D): tf.Scalar {
  assertShape(pull, deviations.shape, 'pull');
  return tf.mul(tf.sum(tf.mul(deviations, pull)), 1 / deviations.shape[0]) as tf.Scalar;
}
