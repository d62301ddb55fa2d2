import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { advantages } from '../actor-critic/critic-losses.ts';
import { TwinCritic, type CriticOptions } from '../actor-critic/twin-critic.ts';
import type { Reward } from '../data/rewards.ts';
import type { Batch, States, TrainingData } from '../data/training-data.ts';
import type { LearnerState } from '../run/learner.ts';

export interface CriticReading {
  readonly loss: number;
  readonly meanAbsQ: number;
  readonly bound: number;
}

/** The action values of one signed response, something to maximise, in units of its standard deviation. */
export interface ResponseCritic {
  /** null: there is nothing to learn. */
  update(batch: Batch, policy: (states: States) => tf.Tensor2D): CriticReading | null;
  /** Q(s,·) (B,K). */
  actionValues(states: States): tf.Tensor2D;
  state(): LearnerState;
  restored(): void;
  dispose(): void;
}

/** A(s,a) = Q(s,a) − Σ_b π(b|s) Q(s,b) of a response critic. */
export const advantagesOf = (
  critic: ResponseCritic,
  states: States,
  probabilities: tf.Tensor2D,
): tf.Tensor2D => tf.tidy(() => advantages(critic.actionValues(states), probabilities));

export class LearnedCritic implements ResponseCritic {
  readonly #critic: TwinCritic;
  readonly #data: TrainingData;
  readonly #reward: Reward;

  constructor(input: {
    readonly layers: readonly LayerSpec[];
    readonly data: TrainingData;
    readonly reward: Reward;
    readonly options: CriticOptions;
    readonly random: Random;
  }) {
    this.#critic = new TwinCritic(input.layers, input.random, input.options);
    this.#data = input.data;
    this.#reward = input.reward;
  }

  update(batch: Batch, policy: (states: States) => tf.Tensor2D): CriticReading {
    return this.#critic.update(this.#data, this.#reward, batch, policy);
  }

  actionValues(states: States): tf.Tensor2D {
    return this.#critic.actionValues(states);
  }

  state(): LearnerState {
    return this.#critic.state();
  }

  restored(): void {
    this.#critic.restored();
  }

  dispose(): void {
    this.#critic.dispose();
  }
}

/**
 * The share of actions needs no critic: Q(s,a) = weight · 1[a ≠ null], exactly. It never bootstraps, because the constraint
 * is on the mean probability over states as they are.
 */
export class KnownShare implements ResponseCritic {
  readonly #row: readonly number[];

  /** @param weight value of allocating, in standard deviations, with the sign of what is to be maximised */
  constructor(actionCount: number, nullIndex: number, weight: number) {
    this.#row = Array.from({ length: actionCount }, (_, a) => (a === nullIndex ? 0 : weight));
  }

  update(): null {
    return null;
  }

  actionValues(states: States): tf.Tensor2D {
    return tf.tidy(() =>
      tf.mul(tf.ones([states.size, 1]), tf.tensor2d([...this.#row], [1, this.#row.length])),
    );
  }

  state(): LearnerState {
    return {};
  }

  restored(): void {
    // Nothing is stored.
  }

  dispose(): void {
    // No tensor outlives a call.
  }
}
