import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../src/core/math/random.ts';
import type { LayerSpec } from '../../src/core/policy/artifact.ts';
import { Adam, type AdamOptions } from './adam.ts';
import { criticLoss, tdTarget } from './critic-losses.ts';
import { Network } from './network.ts';
import type { Reward } from './rewards.ts';
import { statesOf, type Batch, type States, type TrainingData } from './training-data.ts';

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
    const { discount } = this.#options;
    const bound = reward.bound / (1 - discount);
    const result = tf.tidy(() => {
      const rewards = tf.tensor1d(Float32Array.from(batch.rows, (row) => reward.values[row]));
      const nextRows = Int32Array.from(batch.rows, (row) => (data.done[row] ? -1 : data.nextRow[row]));
      const isKnown = Float32Array.from(batch.rows, (row, b) =>
        discount === 0 || data.done[row] || nextRows[b] >= 0 ? 1 : 0,
      );
      const weights = tf.mul(batch.isComplete, tf.tensor1d(isKnown)) as tf.Tensor1D;
      const targets =
        discount === 0
          ? rewards
          : tdTarget({
              rewards,
              done: tf.tensor1d(Float32Array.from(nextRows, (next) => (next < 0 ? 1 : 0))),
              nextValues: this.#nextValues(statesOf(data, nextRows), policy),
              discount,
              bound,
            });
      const { loss } = this.#adam.minimize(() =>
        tf.add(
          ...(this.networks.map((network) =>
            criticLoss(network.forward(batch.inputs, batch.groups), batch.actions, targets, weights),
          ) as [tf.Scalar, tf.Scalar]),
        ),
      );
      const meanAbsQ = tf.mean(tf.abs(this.networks[0].forward(batch.inputs, batch.groups))).dataSync()[0];
      return { loss: loss / 2, meanAbsQ, bound };
    });
    this.#targets.forEach((target, i) => target.follow(this.networks[i], this.#options.polyak));
    return result;
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

  dispose(): void {
    for (const network of [...this.networks, ...this.#targets]) network.dispose();
  }
}
