import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import { ActorCritic, trainActor, type ActorObjective } from '../../actor-critic/actor-critic.ts';
import { discountFor, parseConfig } from '../../config.ts';
import type { Algorithm, TrainedActor, TrainingContext } from '../../run/learner.ts';
import { composeReward, mainTerms, type Reward } from '../../data/rewards.ts';
import type { TrainingData } from '../../data/training-data.ts';
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

export function crrLearner(
  data: TrainingData,
  reward: Reward,
  discount: number,
  config: CrrConfig,
  random: Random,
): ActorCritic {
  const objective: ActorObjective = (batch, advantage) => {
    const weights = crrWeights(advantage, batch.actions, config);
    return (logits: tf.Tensor2D) =>
      crrActorLoss(logits, batch.eligible, batch.actions, weights, batch.isSteerable);
  };
  const layers = crrLayers(config, data);
  return new ActorCritic({ layers, data, reward, discount, options: config, random, objective });
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
  const learner = crrLearner(data, reward, discount, config, context.random.fork('crr'));
  const loop = {
    ...config,
    phase: 'critic-regularised regression',
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
  };
  return await trainActor(learner, context, loop, reward);
}
