import type * as tf from '@tensorflow/tfjs-core';
import { ActorCritic, type ActorObjective } from '../../actor-critic/actor-critic.ts';
import { trainOnReward, type LearnerInput } from '../../actor-critic/train-on-reward.ts';
import { parseConfig } from '../../config.ts';
import type { Algorithm } from '../../run/learner.ts';
import { awacConfig, type AwacConfig } from './config.ts';
import { awacActorLoss, awacWeights } from './losses.ts';
import { awacLayers } from './networks.ts';

/**
 * Advantage-weighted actor-critic (Nair et al. 2020), discrete: clone the logged actions weighted by exp(Â/λ), the
 * weights normalised over the batch instead of clipped. Bootstrap and baseline are exact expectations under π.
 */
export function createAwac(raw: unknown): Algorithm {
  const config = parseConfig<AwacConfig>(awacConfig, raw);
  return {
    name: 'awac',
    config,
    train: (context) =>
      trainOnReward(context, config, 'advantage-weighted actor-critic', (input) =>
        awacLearner(input, config),
      ),
  };
}

export function awacLearner(input: LearnerInput, config: AwacConfig): ActorCritic {
  const objective: ActorObjective = (batch, advantage) => {
    const weights = awacWeights(advantage, batch.actions, batch.isSteerable, config.temperature);
    return (logits: tf.Tensor2D) => awacActorLoss(logits, batch.eligible, batch.actions, weights);
  };
  return new ActorCritic({ ...input, layers: awacLayers(config, input.data), options: config, objective });
}
