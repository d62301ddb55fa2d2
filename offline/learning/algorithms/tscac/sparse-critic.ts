import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import type { ActorCritic } from '../../actor-critic/actor-critic.ts';
import type { Reward } from '../../data/rewards.ts';
import { batchOf, type Batch, type TrainingData } from '../../data/training-data.ts';
import type { Network } from '../../networks/network.ts';
import { joinStates, type Learner, type LearnerState, type StepMetrics } from '../../run/learner.ts';

/** Training rows where a response differs from its usual value, and how rare they are. */
export interface RareEvents {
  readonly rows: Int32Array;
  /** E/N among the complete training rows. */
  readonly share: number;
}

/** Rows whose reward is not the most common one (of an indicator: the events). */
export function rareEvents(data: TrainingData, reward: Reward, trainRows: Int32Array): RareEvents {
  const complete = trainRows.filter((row) => data.isComplete[row] === 1);
  const counts = new Map<number, number>();
  for (const row of complete) counts.set(reward.values[row], (counts.get(reward.values[row]) ?? 0) + 1);
  const [usual] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [NaN, -1]);
  const rows = complete.filter((row) => reward.values[row] !== usual);
  return { rows, share: rows.length / Math.max(1, complete.length) };
}

/**
 * Replaces every other row of a uniform batch by a rare event. Weights u/q undo it: q = ½ u + ½ · (uniform over events), so
 * an event weighs 1 / (½ + ½ N/E) and any other row 2, and the weighted loss keeps its expectation while its noise shrinks.
 */
export function oversample(
  rows: Int32Array,
  events: RareEvents,
  random: Random,
): { readonly rows: Int32Array; readonly weights: Float32Array } {
  const isEvent = new Set(events.rows);
  const mixed = rows.map((row, b) => (b % 2 === 0 ? row : events.rows[random.integer(events.rows.length)]));
  const own = 1 / (0.5 + 0.5 / events.share);
  return { rows: mixed, weights: Float32Array.from(mixed, (row) => (isEvent.has(row) ? own : 2)) };
}

/** Stage one for a very sparse response: its critic sees oversampled events, its actor the uniform batch. */
export class SparseCriticLearner implements Learner {
  readonly #inner: ActorCritic;
  readonly #data: TrainingData;
  readonly #events: RareEvents;
  readonly #warmUpSteps: number;
  readonly #random: Random;
  readonly #steps = new Float64Array(1);

  constructor(
    inner: ActorCritic,
    input: { data: TrainingData; events: RareEvents; warmUpSteps: number; random: Random },
  ) {
    this.#inner = inner;
    this.#data = input.data;
    this.#events = input.events;
    this.#warmUpSteps = input.warmUpSteps;
    this.#random = input.random;
  }

  get actor(): Network {
    return this.#inner.actor;
  }

  step(batch: Batch): StepMetrics {
    this.#steps[0] += 1;
    // By step number, so that a resumed run draws what an uninterrupted one would have drawn.
    const draw = oversample(batch.rows, this.#events, this.#random.fork(String(this.#steps[0])));
    const critic = tf.tidy(() => {
      const mixed = batchOf(this.#data, draw.rows);
      const isComplete = tf.mul<tf.Tensor1D>(mixed.isComplete, tf.tensor1d(draw.weights));
      return this.#inner.updateCritic({ ...mixed, isComplete });
    });
    if (this.#steps[0] <= this.#warmUpSteps) return critic;
    return { ...critic, ...this.#inner.updateActor(batch) };
  }

  state(): LearnerState {
    return joinStates({ inner: this.#inner.state(), sampling: { steps: this.#steps } });
  }

  restored(): void {
    this.#inner.restored();
  }

  dispose(): void {
    this.#inner.dispose();
  }
}
