import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import type { States } from '../data/training-data.ts';
import { Adam, type AdamOptions } from '../networks/adam.ts';
import { Network } from '../networks/network.ts';
import { joinStates, type LearnerState } from '../run/learner.ts';

/** V(s): a network of its own with one output. */
export class StateValue {
  readonly #network: Network;
  readonly #adam: Adam;

  constructor(layers: readonly LayerSpec[], random: Random, options: AdamOptions) {
    this.#network = new Network(layers, random);
    this.#adam = new Adam(this.#network.parameters, options);
  }

  /** V(s) → (B). */
  values(states: States): tf.Tensor1D {
    return tf.reshape(this.#network.forward(states.inputs, states.groups), [states.size]);
  }

  /** One update from a loss of V(s) (B); returns its value. */
  fit(states: States, loss: (values: tf.Tensor1D) => tf.Scalar): number {
    return this.#adam.minimize(() => loss(this.values(states))).loss;
  }

  state(): LearnerState {
    return joinStates({ network: this.#network.state(), optimiser: this.#adam.state() });
  }

  restored(): void {
    this.#network.upload();
  }

  dispose(): void {
    this.#network.dispose();
  }
}
