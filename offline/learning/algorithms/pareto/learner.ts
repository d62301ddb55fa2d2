import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { actorProbabilities } from '../../actor-critic/actor.ts';
import { Adam } from '../../networks/adam.ts';
import { Network } from '../../networks/network.ts';
import type { Batch } from '../../data/training-data.ts';
import type { ResponseSet } from '../../multipliers/response-set.ts';
import { joinStates, type Learner, type LearnerState, type StepMetrics } from '../../run/learner.ts';
import type { ParetoConfig } from './config.ts';
import { logitGradient, minimumNormWeights, paretoActorLoss } from './losses.ts';

/** An actor with one critic per objective, moved along the min-norm combination of their gradients. */
export class ParetoLearner implements Learner {
  readonly actor: Network;
  readonly responses: ResponseSet;
  /** Running w by objective, on the simplex. */
  readonly weights: Float64Array;
  readonly #steps = new Float64Array(1);
  readonly #adam: Adam;
  readonly #config: ParetoConfig;

  constructor(input: {
    readonly layers: readonly LayerSpec[];
    readonly responses: ResponseSet;
    readonly config: ParetoConfig;
    readonly random: Random;
  }) {
    this.actor = new Network(input.layers, input.random.fork('actor'));
    this.#adam = new Adam(this.actor.parameters, input.config);
    this.responses = input.responses;
    const { length } = input.responses.names;
    this.weights = new Float64Array(length).fill(1 / length);
    this.#config = input.config;
  }

  step(batch: Batch): StepMetrics {
    this.#steps[0] += 1;
    const critic = this.responses.update(batch, (states) => actorProbabilities(this.actor, states));
    if (this.#steps[0] <= this.#config.warmUpSteps) return critic;
    return { ...critic, ...this.#updateActor(batch) };
  }

  #updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const probabilities = actorProbabilities(this.actor, batch);
      const raw = this.responses.advantages(batch, probabilities);
      const { spreads } = this.responses;
      const scaled = raw.map((advantage, i) => tf.div<tf.Tensor2D>(advantage, spreads[i]));
      const gradients = scaled.map((a) => logitGradient(a, probabilities, batch.isSteerable));
      const solution = minimumNormWeights(gradients);
      this.weights.forEach((w, i) => {
        this.weights[i] += this.#config.weightRate * (solution[i] - w);
      });
      const { loss } = this.#adam.minimize(() => {
        const logits = this.actor.forward(batch.inputs, batch.groups);
        return paretoActorLoss(logits, batch, scaled, this.weights, this.#config);
      });
      const named = this.responses.names.map((name, i) => [`paretoWeight:${name}`, this.weights[i]] as const);
      return { actorLoss: loss, ...Object.fromEntries(named) };
    });
  }

  state(): LearnerState {
    return joinStates({
      actor: this.actor.state(),
      'actor-optimiser': this.#adam.state(),
      responses: this.responses.state(),
      counters: { steps: this.#steps, weights: this.weights },
    });
  }

  restored(): void {
    this.actor.upload();
    this.responses.restored();
  }

  dispose(): void {
    this.actor.dispose();
    this.responses.dispose();
  }
}
