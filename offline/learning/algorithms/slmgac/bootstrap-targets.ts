import * as tf from '@tensorflow/tfjs-core';
import { statesOf, type Batch, type States, type TrainingData } from '../../data/training-data.ts';
import type { SlmgacConfig } from './config.ts';
import { boundedTarget } from './losses.ts';
import type { CriticLayout } from './networks.ts';
import type { BoundedReward } from './reward.ts';
import type { ValueForm } from './value-form.ts';

export interface CriticParts {
  readonly config: SlmgacConfig;
  readonly data: TrainingData;
  readonly reward: BoundedReward;
  readonly discount: number;
  readonly layout: CriticLayout;
  readonly form: ValueForm;
}

/** π'(·|s) (B,K). */
export type Policy = (states: States) => tf.Tensor2D;

/** y and the weight of every row, both (B). */
export interface Targets {
  readonly targets: tf.Tensor1D;
  readonly weights: tf.Tensor1D;
}

/**
 * y = clamp(r + γ (1 − d) Σ_a π'(a|s') min_i Q̄_i(s',a)) (B), without r in the decomposed form; weight 0 where the outcome, or with
 * γ > 0 what came next, is not known.
 */
export function bootstrapTargets(
  { data, reward, discount, form }: CriticParts,
  batch: Batch,
  policy: Policy,
  slowValues: (states: States) => { readonly first: tf.Tensor2D; readonly second: tf.Tensor2D },
): Targets {
  const isIn = form.isRewardInTarget ? 1 : 0;
  const rewards = tf.tensor1d(Float32Array.from(batch.rows, (row) => isIn * reward.values[row]));
  if (discount === 0) return { targets: rewards, weights: batch.isComplete };
  const nextRows = Int32Array.from(batch.rows, (row) => (data.done[row] ? -1 : data.nextRow[row]));
  const isDone = Float32Array.from(batch.rows, (row) => data.done[row]);
  const isKnown = Float32Array.from(nextRows, (next, b) => (next >= 0 || isDone[b] === 1 ? 1 : 0));
  const next = statesOf(data, nextRows);
  const { first, second } = slowValues(next);
  const targets = boundedTarget({
    rewards,
    done: tf.tensor1d(isDone),
    nextValues: tf.sum(tf.mul(policy(next), tf.minimum(first, second)), 1),
    discount,
    low: reward.low,
    high: reward.high,
  });
  return { targets, weights: tf.mul(batch.isComplete, tf.tensor1d(isKnown)) };
}
