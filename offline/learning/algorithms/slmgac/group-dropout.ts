import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import type { Batch } from '../../data/training-data.ts';

/** The batch with each row shown as group 0 with probability `share`: the fallback sees every kind of unit. */
export function withGroupDropout<B extends Pick<Batch, 'groups' | 'size'>>(
  batch: B,
  share: number,
  random: Random,
): B {
  if (share === 0) return batch;
  const [size, groupCount] = batch.groups.shape;
  const keep = Float32Array.from({ length: size }, () => (random.uniform() < share ? 0 : 1));
  const fallback = new Float32Array(size * groupCount);
  keep.forEach((kept, b) => (fallback[b * groupCount] = 1 - kept));
  const kept = tf.mul(batch.groups, tf.tensor2d(keep, [size, 1]));
  return { ...batch, groups: tf.add(kept, tf.tensor2d(fallback, [size, groupCount])) as tf.Tensor2D };
}
