import * as tf from '@tensorflow/tfjs-core';
import type { Reward } from '../data/rewards.ts';
import { statesOf, type Batch, type States, type TrainingData } from '../data/training-data.ts';
import { assertShape } from '../tensors/ops.ts';
import { tdTarget } from './critic-losses.ts';

/** y and the weight of every row of a batch, both (B). */
export interface CriticTargets {
  readonly targets: tf.Tensor1D;
  /** 1 where the row may teach a critic. */
  readonly weights: tf.Tensor1D;
}

/**
 * y_b = clamp( r_b + γ (1 − d_b) V̄(s'_b), ±bound ), row by row. A row whose outcome is not known, or whose next state is
 * not known although its session went on, has weight 0. With γ = 0 `nextValues` is never asked.
 *
 * @param nextValues V̄ of the next states, (B); rows without one get a state that `done` masks
 * @param bound largest |y| that an honest action value can have
 */
export function bellmanTargets(input: {
  readonly data: TrainingData;
  readonly reward: Reward;
  readonly batch: Batch;
  readonly discount: number;
  readonly bound: number;
  readonly nextValues: (states: States) => tf.Tensor1D;
}): CriticTargets {
  const { data, reward, batch, discount, bound, nextValues } = input;
  assertShape(batch.isComplete, [batch.size], 'isComplete');
  const rewards = tf.tensor1d(new Float32Array(batch.size).map((_, b) => reward.values[batch.rows[b]]));
  if (discount === 0) return { targets: rewards, weights: batch.isComplete };
  const nextRows = batch.rows.map((row) => (data.done[row] ? -1 : data.nextRow[row]));
  const isDone = new Float32Array(batch.size).map((_, b) => data.done[batch.rows[b]]);
  const isKnown = isDone.map((done, b) => (nextRows[b] >= 0 || done === 1 ? 1 : 0));
  const targets = tdTarget({
    rewards,
    done: tf.tensor1d(isDone),
    nextValues: nextValues(statesOf(data, nextRows)),
    discount,
    bound,
  });
  return { targets, weights: tf.mul(batch.isComplete, tf.tensor1d(isKnown)) };
}

/** max |r| / (1 − γ): no policy can be worth more. */
export const valueBound = (reward: Reward, discount: number): number => reward.bound / (1 - discount);
