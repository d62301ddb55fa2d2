import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { actorMetrics, actorProbabilities } from './actor.ts';
import { Adam, type AdamOptions } from '../networks/adam.ts';
import { advantages, standardise } from './critic-losses.ts';
import {
  joinStates,
  type Learner,
  type LearnerState,
  type StepMetrics,
  type TrainedActor,
  type TrainingContext,
} from '../run/learner.ts';
import { Network } from '../networks/network.ts';
import type { Reward } from '../data/rewards.ts';
import { runLearner, type LoopOptions } from '../run/run-loop.ts';
import type { Batch, States, TrainingData } from '../data/training-data.ts';
import { maskedLogSoftmax } from '../tensors/ops.ts';
import { outsideTape } from '../tensors/outside-tape.ts';
import { TwinCritic, type CriticPenalty } from './twin-critic.ts';

/**
 * What an algorithm asks of its actor. Called once per update, outside the gradient, with the standardised advantage
 * Â and the values Q it was made of (B,K); the function that comes back is the loss of the actor's logits (B,K).
 */
export type ActorObjective = (
  batch: Batch,
  advantage: tf.Tensor2D,
  actionValues: tf.Tensor2D,
) => (logits: tf.Tensor2D) => tf.Scalar;

export interface ActorCriticOptions extends AdamOptions {
  readonly criticLearningRate: number;
  readonly polyak: number;
  /** Steps in which only the critics learn. */
  readonly warmUpSteps: number;
  readonly advantageFloor: number;
  /** The actor learns in every so many-th step after warm-up; 1 when left out. */
  readonly actorDelay?: number;
}

/** Where an algorithm departs from plain twin critics. */
export interface CriticVariant {
  /** A further loss of each critic. */
  readonly penalty?: CriticPenalty;
  /** The bootstrap asks a slow copy of the actor (same τ as the critics) instead of the actor. */
  readonly hasSlowActor?: boolean;
}

/**
 * One actor with twin all-action critics for one reward and its own discount: Q by expectation under π, then the actor
 * by its objective on Â = standardise(Q − Σ_b π(b|s) Q(s,b)).
 */
export class ActorCritic implements Learner {
  readonly actor: Network;
  readonly critic: TwinCritic;
  readonly #adam: Adam;
  readonly #data: TrainingData;
  readonly #reward: Reward;
  readonly #options: ActorCriticOptions;
  readonly #objective: ActorObjective;
  readonly #penalty: CriticPenalty | undefined;
  readonly #slowActor: Network | null;
  readonly #steps = new Float64Array(1);

  constructor(input: {
    readonly layers: readonly LayerSpec[];
    readonly data: TrainingData;
    readonly reward: Reward;
    readonly discount: number;
    readonly options: ActorCriticOptions;
    readonly random: Random;
    readonly objective: ActorObjective;
    readonly variant?: CriticVariant;
  }) {
    const { layers, options, random, discount } = input;
    this.#data = input.data;
    this.#reward = input.reward;
    this.#options = options;
    this.#objective = input.objective;
    this.actor = new Network(layers, random.fork('actor'));
    const criticOptions = { ...options, learningRate: options.criticLearningRate, discount };
    this.critic = new TwinCritic(layers, random.fork('critic'), criticOptions);
    this.#adam = new Adam(this.actor.parameters, options);
    this.#penalty = input.variant?.penalty;
    this.#slowActor = input.variant?.hasSlowActor === true ? this.#copyOfActor(random) : null;
  }

  step(batch: Batch): StepMetrics {
    this.#steps[0] += 1;
    const critic = this.updateCritic(batch);
    return isActorsTurn(this.#steps[0], this.#options) ? { ...critic, ...this.updateActor(batch) } : critic;
  }

  updateCritic(batch: Batch): StepMetrics {
    const policy = (states: States): tf.Tensor2D => actorProbabilities(this.#slowActor ?? this.actor, states);
    const { loss, meanAbsQ, bound } = this.critic.update(
      this.#data,
      this.#reward,
      batch,
      policy,
      this.#penalty,
    );
    return { criticLoss: loss, meanAbsQ, qBound: bound };
  }

  updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const actionValues = this.critic.actionValues(batch);
      const { loss } = this.#adam.minimize(() => {
        const logits = this.actor.forward(batch.inputs, batch.groups);
        return this.#lossOn(batch, actionValues, logits)(logits);
      });
      this.#slowActor?.follow(this.actor, this.#options.polyak);
      this.#slowActor?.upload();
      return { actorLoss: loss };
    });
  }

  /** The objective on the advantage under the actor's own probabilities, which are constants to it. */
  #lossOn(batch: Batch, actionValues: tf.Tensor2D, logits: tf.Tensor2D): (logits: tf.Tensor2D) => tf.Scalar {
    return outsideTape(() => {
      const probabilities = tf.exp(maskedLogSoftmax(logits, batch.eligible));
      const advantage = advantages(actionValues, probabilities);
      const scaled = standardise(advantage, batch.eligible, this.#options.advantageFloor);
      return this.#objective(batch, scaled, actionValues);
    });
  }

  #copyOfActor(random: Random): Network {
    const copy = new Network(this.actor.layers, random.fork('slow actor'));
    copy.follow(this.actor, 1);
    copy.upload();
    return copy;
  }

  state(): LearnerState {
    return joinStates({
      actor: this.actor.state(),
      'actor-optimiser': this.#adam.state(),
      ...(this.#slowActor === null ? {} : { 'slow-actor': this.#slowActor.state() }),
      critic: this.critic.state(),
      counters: { steps: this.#steps },
    });
  }

  restored(): void {
    this.actor.upload();
    this.#slowActor?.upload();
    this.critic.restored();
  }

  dispose(): void {
    this.actor.dispose();
    this.#slowActor?.dispose();
    this.critic.dispose();
  }
}

/** Whether the actor learns in this step (counted from 1). */
export const isActorsTurn = (
  step: number,
  { warmUpSteps, actorDelay = 1 }: { readonly warmUpSteps: number; readonly actorDelay?: number },
): boolean => step > warmUpSteps && (step - warmUpSteps) % actorDelay === 0;

/** Runs the learner to its end and takes the averaged actor out of it. */
export async function trainActor(
  learner: Learner,
  context: TrainingContext,
  loop: LoopOptions,
  reward: Reward,
): Promise<TrainedActor> {
  const { data, split, surface } = context;
  const { averaged, curve } = await runLearner(learner, context, { watch: 'exported', ...loop });
  const metrics = {
    rewardScale: reward.scale,
    ...actorMetrics(averaged, data, split.validation, surface.actions),
  };
  const trained = { layers: learner.actor.layers, weights: averaged.exportWeights(), curve, metrics };
  averaged.dispose();
  learner.dispose();
  return trained;
}
