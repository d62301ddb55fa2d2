import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import { actorMetrics, actorProbabilities } from '../../actor.ts';
import { Adam } from '../../adam.ts';
import { discountFor, parseConfig } from '../../config.ts';
import { advantages, standardise } from '../../critic-losses.ts';
import type { Algorithm, Learner, StepMetrics, TrainedActor, TrainingContext } from '../../learner.ts';
import { Network } from '../../network.ts';
import { composeReward, mainTerms, type Reward } from '../../rewards.ts';
import { runLearner } from '../../run-loop.ts';
import type { Batch, TrainingData } from '../../training-data.ts';
import { TwinCritic } from '../../twin-critic.ts';
import { crrConfig, type CrrConfig } from './config.ts';
import { crrActorLoss, crrWeights } from './losses.ts';
import { crrLayers } from './networks.ts';

/**
 * Critic-regularised regression, discrete (Wang et al. 2020): clone the logged actions, each weighted by f(Â). Twin
 * all-action critics; both the bootstrap and the advantage's baseline are exact expectations under π.
 */
export function createCrr(raw: unknown): Algorithm {
  const config = parseConfig<CrrConfig>(crrConfig, raw);
  return { name: 'crr', config, train: (context) => trainCrr(context, config) };
}

export class CrrLearner implements Learner {
  readonly actor: Network;
  readonly critic: TwinCritic;
  readonly #adam: Adam;
  readonly #data: TrainingData;
  readonly #reward: Reward;
  readonly #config: CrrConfig;
  #steps = 0;

  constructor(data: TrainingData, reward: Reward, discount: number, config: CrrConfig, random: Random) {
    const layers = crrLayers(config, data);
    this.#data = data;
    this.#reward = reward;
    this.#config = config;
    this.actor = new Network(layers, random.fork('actor'));
    this.critic = new TwinCritic(layers, random.fork('critic'), {
      ...config,
      learningRate: config.criticLearningRate,
      discount,
    });
    this.#adam = new Adam(this.actor.parameters, config);
  }

  step(batch: Batch): StepMetrics {
    this.#steps += 1;
    const critic = this.updateCritic(batch);
    return this.#steps > this.#config.warmUpSteps ? { ...critic, ...this.updateActor(batch) } : critic;
  }

  updateCritic(batch: Batch): StepMetrics {
    const policy = (states: Parameters<typeof actorProbabilities>[1]) =>
      actorProbabilities(this.actor, states);
    const { loss, meanAbsQ, bound } = this.critic.update(this.#data, this.#reward, batch, policy);
    return { criticLoss: loss, meanAbsQ, qBound: bound };
  }

  updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const advantage = advantages(this.critic.actionValues(batch), actorProbabilities(this.actor, batch));
      const scaled = standardise(advantage, batch.eligible, this.#config.advantageFloor);
      const weights = crrWeights(scaled, batch.actions, this.#config);
      const { loss } = this.#adam.minimize(() =>
        crrActorLoss(
          this.actor.forward(batch.inputs, batch.groups),
          batch.eligible,
          batch.actions,
          weights,
          batch.isSteerable,
        ),
      );
      return { actorLoss: loss };
    });
  }

  dispose(): void {
    this.actor.dispose();
    this.critic.dispose();
  }
}

async function trainCrr(context: TrainingContext, config: CrrConfig): Promise<TrainedActor> {
  const { data, dataset, split, surface } = context;
  const discount = discountFor(surface.horizon, config.discount, 0.95);
  const auxiliaries = Object.entries(config.auxiliaryWeights).map(([response, weight]) => ({
    response,
    weight,
  }));
  const reward = composeReward(dataset, [...mainTerms(surface, config.multipliers), ...auxiliaries], {
    trainRows: split.train,
    discount,
    plantedFault: config.plantedFault,
  });
  const learner = new CrrLearner(data, reward, discount, config, context.random.fork('crr'));
  const { averaged, curve } = await runLearner(learner, context, {
    ...config,
    phase: 'critic-regularised regression',
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
  });
  const metrics = {
    rewardScale: reward.scale,
    ...actorMetrics(averaged, data, split.validation, surface.actions),
  };
  const weights = averaged.exportWeights();
  averaged.dispose();
  learner.dispose();
  return { layers: learner.actor.layers, weights, curve, metrics };
}
