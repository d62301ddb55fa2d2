import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { Adam, type AdamOptions } from '../networks/adam.ts';
import { bellmanTargets, valueBound, type CriticTargets } from './bellman.ts';
import { criticLoss } from './critic-losses.ts';
import { Network } from '../networks/network.ts';
import { joinStates, type LearnerState } from '../run/learner.ts';
import type { Reward } from '../data/rewards.ts';
import type { Batch, States, TrainingData } from '../data/training-data.ts';

export interface CriticOptions extends AdamOptions {
  /** γ ∈ [0, 1); 0: no bootstrap, the target networks are never asked. */
  readonly discount: number;
  /** τ of the target networks. */
  readonly polyak: number;
}

/** A further loss of each critic, of its values Q(s,·) (B,K): what makes it conservative, say. `weights` (B). */
export type CriticPenalty = (actionValues: tf.Tensor2D, batch: Batch, weights: tf.Tensor1D) => tf.Scalar;

export interface CriticUpdate {
  /** Mean of the two critics'. */
  readonly loss: number;
  readonly meanAbsQ: number;
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
    penalty?: CriticPenalty,
  ): CriticUpdate & { readonly bound: number } {
    const { discount } = this.#options;
    const bound = valueBound(reward, discount);
    const nextValues = (states: States): tf.Tensor1D =>
      tf.sum(tf.mul(policy(states), this.smallestValues(states)), 1);
    return tf.tidy(() => {
      const targets = bellmanTargets({ data, reward, batch, discount, bound, nextValues });
      return { ...this.fit(batch, targets, penalty), bound };
    });
  }

  /** One update of both critics towards given targets, then one Polyak step of their slow copies. */
  fit(batch: Batch, { targets, weights }: CriticTargets, penalty?: CriticPenalty): CriticUpdate {
    let meanAbsQ = NaN;
    const { loss } = this.#adam.minimize(() => {
      const values = this.networks.map((n) => n.forward(batch.inputs, batch.groups));
      meanAbsQ = tf.mean(tf.abs(values[0])).dataSync()[0];
      const losses = values.map((q) => {
        const tdLoss = criticLoss(q, batch.actions, targets, weights);
        return penalty === undefined ? tdLoss : tf.add(tdLoss, penalty(q, batch, weights));
      });
      return tf.add(losses[0], losses[1]);
    });
    this.#targets.forEach((target, i) => {
      target.follow(this.networks[i], this.#options.polyak);
      target.upload();
    });
    return { loss: loss / 2, meanAbsQ };
  }

  /** min(Q̄₁, Q̄₂) → (B,K). */
  smallestValues(states: States): tf.Tensor2D {
    const [first, second] = this.#slowValues(states);
    return tf.minimum(first, second);
  }

  /** (Q̄₁ + Q̄₂)/2 → (B,K). */
  actionValues(states: States): tf.Tensor2D {
    const [first, second] = this.#slowValues(states);
    return tf.mul(tf.add(first, second), 0.5);
  }

  #slowValues(states: States): tf.Tensor2D[] {
    return this.#targets.map((t) => t.forward(states.inputs, states.groups));
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
