import * as tf from '@tensorflow/tfjs-core';
import { isActorsTurn } from '../../actor-critic/actor-critic.ts';
import { bellmanTargets } from '../../actor-critic/bellman.ts';
import { Temperature } from '../../actor-critic/temperature.ts';
import { trainOnReward, type LearnerInput } from '../../actor-critic/train-on-reward.ts';
import { TwinCritic } from '../../actor-critic/twin-critic.ts';
import { parseConfig } from '../../config.ts';
import type { Batch, States } from '../../data/training-data.ts';
import { Adam } from '../../networks/adam.ts';
import { Network } from '../../networks/network.ts';
import {
  joinStates,
  type Algorithm,
  type Learner,
  type LearnerState,
  type StepMetrics,
} from '../../run/learner.ts';
import { maskedLogSoftmax } from '../../tensors/ops.ts';
import { outsideTape } from '../../tensors/outside-tape.ts';
import { behaviorEntropy } from './behavior-entropy.ts';
import { sacConfig, type SacConfig } from './config.ts';
import { meanEntropy, sacActorLoss, softStateValues } from './losses.ts';
import { sacLayers } from './networks.ts';

/**
 * Soft actor-critic (Haarnoja et al. 2018; Christodoulou 2019 for discrete actions) with automatic temperature. Offline
 * the usual target of 0.9 log K would mean acting at random: here it is a share of the behaviour policy's entropy.
 */
export function createSac(raw: unknown): Algorithm {
  const config = parseConfig<SacConfig>(sacConfig, raw);
  return {
    name: 'sac',
    config,
    train: (context) => {
      const behavior = behaviorEntropy(context.dataset, context.data, context.split.train);
      const target = config.targetEntropyShare * behavior;
      return trainOnReward(
        context,
        config,
        'soft actor-critic',
        (input) => new SacLearner(input, config, target),
      );
    },
  };
}

export class SacLearner implements Learner {
  readonly actor: Network;
  readonly critic: TwinCritic;
  readonly #temperature: Temperature;
  readonly #adam: Adam;
  readonly #input: LearnerInput;
  readonly #config: SacConfig;
  readonly #steps = new Float64Array(1);

  /** @param targetEntropy nats */
  constructor(input: LearnerInput, config: SacConfig, targetEntropy: number) {
    const { data, random, discount } = input;
    this.#input = input;
    this.#config = config;
    const layers = sacLayers(config, data);
    this.actor = new Network(layers, random.fork('actor'));
    const criticOptions = { ...config, learningRate: config.criticLearningRate, discount };
    this.critic = new TwinCritic(layers, random.fork('critic'), criticOptions);
    this.#adam = new Adam(this.actor.parameters, config);
    this.#temperature = new Temperature({
      initial: config.initialAlpha,
      max: config.maxAlpha,
      target: targetEntropy,
      learningRate: config.alphaLearningRate,
    });
  }

  step(batch: Batch): StepMetrics {
    this.#steps[0] += 1;
    const critic = this.updateCritic(batch);
    return isActorsTurn(this.#steps[0], this.#config) ? { ...critic, ...this.updateActor(batch) } : critic;
  }

  updateCritic(batch: Batch): StepMetrics {
    const { data, reward, discount } = this.#input;
    // The entropy bonus adds at most α log K per step to what rewards can give.
    const bonus = this.#config.maxAlpha * Math.log(data.actionCount);
    const bound = (reward.bound + bonus) / (1 - discount);
    return tf.tidy(() => {
      const nextValues = (states: States): tf.Tensor1D =>
        softStateValues(
          this.critic.smallestValues(states),
          this.#logProbabilities(states),
          this.#temperature.alpha,
        );
      const towards = bellmanTargets({ data, reward, batch, discount, bound, nextValues });
      const { loss, meanAbsQ } = this.critic.fit(batch, towards);
      return { criticLoss: loss, meanAbsQ, qBound: bound };
    });
  }

  /** The actor on the values of now, then α on the entropy that the actor had. */
  updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const actionValues = this.critic.smallestValues(batch);
      const { alpha } = this.#temperature;
      const options = { alpha, cloningWeight: this.#config.cloningWeight };
      let entropy = NaN;
      const { loss } = this.#adam.minimize(() => {
        const logits = this.actor.forward(batch.inputs, batch.groups);
        entropy = outsideTape(() => meanEntropy(maskedLogSoftmax(logits, batch.eligible), batch.isSteerable));
        return sacActorLoss(logits, batch, actionValues, options);
      });
      const hasChoice = batch.rows.some((row) => this.#input.data.isSteerable[row] === 1);
      if (hasChoice) this.#temperature.update(entropy);
      return { actorLoss: loss, entropy, alpha };
    });
  }

  #logProbabilities(states: States): tf.Tensor2D {
    return maskedLogSoftmax(this.actor.forward(states.inputs, states.groups), states.eligible);
  }

  state(): LearnerState {
    return joinStates({
      actor: this.actor.state(),
      'actor-optimiser': this.#adam.state(),
      'actor-temperature': this.#temperature.state(),
      critic: this.critic.state(),
      counters: { steps: this.#steps },
    });
  }

  restored(): void {
    this.actor.upload();
    this.critic.restored();
  }

  dispose(): void {
    this.actor.dispose();
    this.critic.dispose();
  }
}
