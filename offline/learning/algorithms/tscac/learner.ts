import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import { actorProbabilities } from '../../actor.ts';
import { Adam } from '../../adam.ts';
import { advantages, standardise } from '../../critic-losses.ts';
import type { Learner, StepMetrics } from '../../learner.ts';
import { Network } from '../../network.ts';
import type { Reward } from '../../rewards.ts';
import type { Batch, States, TrainingData } from '../../training-data.ts';
import { TwinCritic } from '../../twin-critic.ts';
import type { TscacConfig } from './config.ts';
import { projectionTarget, stageOneLoss, stageTwoLoss, withSupportFloor } from './losses.ts';
import { tscacLayers } from './networks.ts';

/** πᵢ of stage one, frozen, with its λᵢ. */
export interface AuxiliaryPolicy {
  readonly response: string;
  readonly actor: Network;
  readonly lambda: number;
}

/**
 * One actor-critic for one response with its own discount. Without auxiliary policies it is stage one (improve πᵢ);
 * with them it is stage two (project onto the closed form near them).
 */
export class TscacLearner implements Learner {
  readonly actor: Network;
  readonly critic: TwinCritic;
  readonly #adam: Adam;
  readonly #data: TrainingData;
  readonly #reward: Reward;
  readonly #config: TscacConfig;
  readonly #auxiliaries: readonly AuxiliaryPolicy[];
  #steps = 0;

  constructor(input: {
    readonly data: TrainingData;
    readonly reward: Reward;
    readonly discount: number;
    readonly config: TscacConfig;
    readonly random: Random;
    readonly auxiliaries: readonly AuxiliaryPolicy[];
  }) {
    const { data, config, random } = input;
    const layers = tscacLayers(config, data);
    this.#data = data;
    this.#reward = input.reward;
    this.#config = config;
    this.#auxiliaries = input.auxiliaries;
    this.actor = new Network(layers, random.fork('actor'));
    this.critic = new TwinCritic(layers, random.fork('critic'), {
      ...config,
      learningRate: config.criticLearningRate,
      discount: input.discount,
    });
    this.#adam = new Adam(this.actor.parameters, config);
  }

  step(batch: Batch): StepMetrics {
    this.#steps += 1;
    const critic = this.updateCritic(batch);
    return this.#steps > this.#config.warmUpSteps ? { ...critic, ...this.updateActor(batch) } : critic;
  }

  updateCritic(batch: Batch): StepMetrics {
    const policy = (states: States): tf.Tensor2D => actorProbabilities(this.actor, states);
    const { loss, meanAbsQ, bound } = this.critic.update(this.#data, this.#reward, batch, policy);
    return { criticLoss: loss, meanAbsQ, qBound: bound };
  }

  updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const advantage = advantages(this.critic.actionValues(batch), actorProbabilities(this.actor, batch));
      const scaled = standardise(advantage, batch.eligible, this.#config.advantageFloor);
      const forward = (): tf.Tensor2D => this.actor.forward(batch.inputs, batch.groups);
      const target = this.#auxiliaries.length === 0 ? null : this.#target(batch, scaled);
      const { loss } = this.#adam.minimize(() =>
        target === null
          ? stageOneLoss(forward(), batch, scaled, this.#config)
          : stageTwoLoss(forward(), batch, target, this.#config.cloningWeight),
      );
      return { actorLoss: loss };
    });
  }

  #target(batch: Batch, advantage: tf.Tensor2D): tf.Tensor2D {
    const policies = this.#auxiliaries.map(({ actor }) =>
      withSupportFloor(actorProbabilities(actor, batch), batch.eligible, this.#config.supportFloor),
    );
    const lambdas = this.#auxiliaries.map(({ lambda }) => lambda);
    return projectionTarget(policies, lambdas, advantage, batch.eligible);
  }

  dispose(): void {
    this.actor.dispose();
    this.critic.dispose();
  }
}
