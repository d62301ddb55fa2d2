import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import { assertShape } from '../tensors/ops.ts';

/** Parts of one wide last layer. tf.slice and tf.gather carry no derivative on wasm, hence operations of our own. */

export interface Columns {
  readonly from: number;
  readonly width: number;
}

/** x (B,W) → its columns (B,width); the derivative is zero elsewhere. */
export function sliceColumns(x: tf.Tensor2D, { from, width }: Columns): tf.Tensor2D {
  const total = x.shape[1];
  invariant(from >= 0 && width > 0 && from + width <= total, 'the columns are in the layer');
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    (args[1] as tf.GradSaveFunc)([]);
    return {
      value: tf.slice(args[0] as tf.Tensor2D, [0, from], [-1, width]),
      gradFunc: (dy: tf.Tensor) =>
        tf.pad(dy, [
          [0, 0],
          [from, total - from - width],
        ]),
    };
  });
  return op(x) as tf.Tensor2D;
}

/** x (B, K·w), one block of w per action, actions one-hot (B,K) → the block of the logged action (B,w). */
export function pickBlock(x: tf.Tensor2D, actions: tf.Tensor2D, width: number): tf.Tensor2D {
  const [batch, actionCount] = actions.shape;
  assertShape(x, [batch, actionCount * width], 'blocks by action');
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const mask = tf.reshape(actions, [batch, actionCount, 1]);
    (args[1] as tf.GradSaveFunc)([mask]);
    const blocks = tf.reshape(args[0] as tf.Tensor2D, [batch, actionCount, width]);
    return {
      value: tf.sum(tf.mul(blocks, mask), 1),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
        tf.reshape(tf.mul(tf.reshape(dy, [batch, 1, width]), saved), [batch, actionCount * width]),
    };
  });
  return op(x) as tf.Tensor2D;
}
