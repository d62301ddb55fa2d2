import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import { areTensorsArrays, logSoftmaxOnArrays, pickOnArrays, weightedMeanOnArrays } from './array-ops.ts';

/** Tensor helpers with one derivative each: fewer operations than composing them, which is what costs. */

/** −1 stands for any size. A (B,1) against a (B) would broadcast to (B,B) without a word: shapes are asserted. */
export function assertShape(tensor: tf.Tensor, shape: readonly number[], name: string): void {
  const fits =
    tensor.shape.length === shape.length && shape.every((n, i) => n === -1 || n === tensor.shape[i]);
  invariant(fits, `${name} has shape [${tensor.shape.join()}], expected [${shape.join()}]`);
}

/** y = x W + b; x (B,in), W (in,out), b (out). On the native backend; the portable one has the kernel for it. */
export function dense(x: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  assertShape(x, [-1, kernel.shape[0]], 'dense input');
  assertShape(bias, [kernel.shape[1]], 'dense bias');
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, w, b] = args as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
    const save = args[3] as tf.GradSaveFunc;
    save([input, w]);
    return {
      value: tf.add(tf.matMul(input, w), b),
      gradFunc: (dy: tf.Tensor, [savedX, savedW]: tf.Tensor[]) => [
        timesTransposed(dy as tf.Tensor2D, savedW as tf.Tensor2D),
        transposedTimes(savedX as tf.Tensor2D, dy as tf.Tensor2D),
        tf.sum(dy, 0),
      ],
    };
  });
  return op(x, kernel, bias) as tf.Tensor2D;
}

/** tfjs' WebAssembly runs a scalar loop for a transposed factor: there, and only a benchmark runs there, it is copied. */
const copiesTransposed = (): boolean => tf.getBackend() === 'wasm';

const timesTransposed = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D =>
  copiesTransposed() ? tf.matMul(a, tf.transpose(b)) : tf.matMul(a, b, false, true);

const transposedTimes = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D =>
  copiesTransposed() ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, b, true, false);

/** x̂ = (x − mean) / √(biased variance + 1e-5) over the last axis; x (B,H). */
export function normalise(x: tf.Tensor2D): tf.Tensor2D {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const input = args[0] as tf.Tensor2D;
    const centred = tf.sub(input, tf.mean(input, 1, true));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), 1e-5));
    const value = tf.mul(centred, scale);
    (args[1] as tf.GradSaveFunc)([value, scale]);
    return {
      value,
      // ∂L/∂x = scale · (dy − mean(dy) − x̂ · mean(dy · x̂))
      gradFunc: (dy: tf.Tensor, [xHat, s]: tf.Tensor[]) => {
        const along = tf.mul(xHat, tf.mean(tf.mul(dy, xHat), 1, true));
        return [tf.mul(s, tf.sub(tf.sub(dy, tf.mean(dy, 1, true)), along))];
      },
    };
  });
  return op(x) as tf.Tensor2D;
}

/** x · σ(x) */
export function silu(x: tf.Tensor2D): tf.Tensor2D {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const input = args[0] as tf.Tensor2D;
    const sigmoid = tf.sigmoid(input);
    (args[1] as tf.GradSaveFunc)([input, sigmoid]);
    return {
      value: tf.mul(input, sigmoid),
      // σ(x) (1 + x (1 − σ(x)))
      gradFunc: (dy: tf.Tensor, [savedX, s]: tf.Tensor[]) => [
        tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(savedX, tf.sub(1, s))))),
      ],
    };
  });
  return op(x) as tf.Tensor2D;
}

/** log softmax over the eligible actions; ineligible ones get a log probability near −1e9. logits, eligible (B,K). */
export function maskedLogSoftmax(logits: tf.Tensor2D, eligible: tf.Tensor2D): tf.Tensor2D {
  assertShape(eligible, logits.shape, 'eligible');
  if (areTensorsArrays()) return logSoftmaxOnArrays(logits, eligible);
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const input = tf.add(args[0] as tf.Tensor2D, tf.mul(tf.sub(eligible, 1), 1e9));
    const shifted = tf.sub(input, tf.max(input, 1, true));
    const value = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    (args[1] as tf.GradSaveFunc)([value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, [logP]: tf.Tensor[]) => [
        tf.sub(dy, tf.mul(tf.exp(logP), tf.sum(dy, 1, true))),
      ],
    };
  });
  return op(logits) as tf.Tensor2D;
}

/** The value at the taken action, Σ_a x(b,a) · 1[a = a_b]: gather has no derivative here. x, oneHot (B,K) → (B). */
export function pick(x: tf.Tensor2D, oneHot: tf.Tensor2D): tf.Tensor1D {
  assertShape(oneHot, x.shape, 'action one-hot');
  if (areTensorsArrays()) return pickOnArrays(x, oneHot);
  return tf.sum(tf.mul(x, oneHot), 1);
}

/** Σ w x / max(Σ w, 1e-8); x, w (B). Rows with weight 0 give neither value nor gradient. */
export function weightedMean(x: tf.Tensor1D, weights: tf.Tensor1D): tf.Scalar {
  assertShape(weights, x.shape, 'weights');
  if (areTensorsArrays()) return weightedMeanOnArrays(x, weights);
  const total = tf.maximum(tf.sum(weights), 1e-8);
  return tf.sum(tf.mul(x, tf.div(weights, total))) as tf.Scalar;
}
