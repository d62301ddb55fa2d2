import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { Adam, type AdamOptions } from '../networks/adam.ts';
import { criticLoss, tdTarget } from './critic-losses.ts';
import { Network } from '../networks/network.ts';
import { joinStates, type LearnerState } from '../run/learner.ts';
import type { Reward } from '../data/rewards.ts';
import { statesOf, type Batch, type States, type TrainingData } from '../data/training-data.ts';

export interface CriticOptions extends AdamOptions {
  /** γ ∈ [0, 1); 0: no bootstrap, the target networks are never asked. */
  readonly discount: number;
  /** τ of the target networks. */
  readonly polyak: number;
}

/**
 * Two all-action critics Q₁, Q₂ with their slow copies. The bootstrap takes the smaller of the two copies (against
 * overestimation); an advantage takes the mean of the two (half the noise), from the slow copies as well.
 */
export class TwinCritic {
  readonly networks: readonly Network[];
  readonly #targets: readonly Network[];
  readonly #adam: Adam;
  readonly #options: CriticOptions;

  constructor(layers: readonly LayerSpec[], random: Random, options: CriticOptions) {
    this.#options = options;
    this.networks = ['first', 'second'].map((name) => new Network(layers, random.fork(name)));
    this.#targets = this.networks.map((source) => {
      const copy = new Network(layers, random.fork('target'));
      copy.follow(source, 1);
      copy.upload();
      return copy;
    });
    this.#adam = new Adam(
      this.networks.flatMap((n) => n.parameters),
      options,
    );
  }

  /**
   * One update towards y = r + γ (1 − d) Σ_a π(a|s') min Q̄(s',a). `policy` gives π(·|s'); rows whose next state is
   * unknown and that did not end are left out when γ > 0.
   */
  update(
    data: TrainingData,
    reward: Reward,
    batch: Batch,
    policy: (states: States) => tf.Tensor2D,
  ): { loss: number; meanAbsQ: number; bound: number } {
    const bound = reward.bound / (1 - this.#options.discount);
    let meanAbsQ = NaN;
    const { loss } = tf.tidy(() => {
      const { targets, weights } = this.#targetsOf(data, reward, batch, policy);
      return this.#adam.minimize(() => {
        const [first, second] = this.networks.map((n) => n.forward(batch.inputs, batch.groups));
        meanAbsQ = tf.mean(tf.abs(first)).dataSync()[0];
        return tf.add(
          criticLoss(first, batch.actions, targets, weights),
          criticLoss(second, batch.actions, targets, weights),
        );
      });
    });
    this.#targets.forEach((target, i) => {
      target.follow(this.networks[i], this.#options.polyak);
      target.upload();
    });
    return { loss: loss / 2, meanAbsQ, bound };
  }

  /** y and the weight of every row, both (B). */
  #targetsOf(
    data: TrainingData,
    reward: Reward,
    batch: Batch,
    policy: (states: States) => tf.Tensor2D,
  ): { targets: tf.Tensor1D; weights: tf.Tensor1D } {
    const { discount } = this.#options;
    const rewards = tf.tensor1d(Float32Array.from(batch.rows, (row) => reward.values[row]));
    if (discount === 0) return { targets: rewards, weights: batch.isComplete };
    const nextRows = Int32Array.from(batch.rows, (row) => (data.done[row] ? -1 : data.nextRow[row]));
    const isDone = Float32Array.from(batch.rows, (row) => data.done[row]);
    const isKnown = Float32Array.from(nextRows, (next, b) => (next >= 0 || isDone[b] === 1 ? 1 : 0));
    const targets = tdTarget({
      rewards,
      done: tf.tensor1d(isDone),
      nextValues: this.#nextValues(statesOf(data, nextRows), policy),
      discount,
      bound: reward.bound / (1 - discount),
    });
    return { targets, weights: tf.mul(batch.isComplete, tf.tensor1d(isKnown)) };
  }

  /** V̄(s') = Σ_a π(a|s') min_i Q̄ᵢ(s',a) → (B). */
  #nextValues(states: States, policy: (states: States) => tf.Tensor2D): tf.Tensor1D {
    const [first, second] = this.#targets.map((t) => t.forward(states.inputs, states.groups));
    return tf.sum(tf.mul(policy(states), tf.minimum(first, second)), 1);
  }

  /** (Q̄₁ + Q̄₂)/2 → (B,K). */
  actionValues(states: States): tf.Tensor2D {
    const [first, second] = this.#targets.map((t) => t.forward(states.inputs, states.groups));
    return tf.mul(tf.add(first, second), 0.5);
  }

  state(): LearnerState {
    return joinStates({
      first: this.networks[0].state(),
      second: this.networks[1].state(),
      'first-target': this.#targets[0].state(),
      'second-target': this.#targets[1].state(),
      optimiser: this.#adam.state(),
    });
  }

  restored(): void {
    for (const network of [...this.networks, ...this.#targets]) network.upload();
  }

  dispose(): void {
    for (const network of [...this.networks, ...this.#targets]) network.dispose();
  }
}
