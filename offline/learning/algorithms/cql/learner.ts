import * as tf from '@tensorflow/tfjs-core';
import { ActorCritic, type ActorObjective } from '../../actor-critic/actor-critic.ts';
import { trainOnReward, type LearnerInput } from '../../actor-critic/train-on-reward.ts';
import type { CriticPenalty } from '../../actor-critic/twin-critic.ts';
import { parseConfig } from '../../config.ts';
import type { Algorithm } from '../../run/learner.ts';
import { cqlConfig, type CqlConfig } from './config.ts';
import { conservativePenalty, cqlActorLoss } from './losses.ts';
import { cqlLayers } from './networks.ts';

/**
 * Conservative Q-learning (Kumar et al. 2020), discrete actor-critic form: the critics pay for values of actions that
 * the log does not show, the actor improves on them by exact expectation with a little entropy.
 */
export function createCql(raw: unknown): Algorithm {
  const config = parseConfig<CqlConfig>(cqlConfig, raw);
  return {
    name: 'cql',
    config,
    train: (context) =>
      trainOnReward(context, config, 'conservative q-learning', (input) => cqlLearner(input, config)),
  };
}

export function cqlLearner(input: LearnerInput, config: CqlConfig): ActorCritic {
  const objective: ActorObjective = (batch, advantage) => (logits: tf.Tensor2D) =>
    cqlActorLoss(logits, batch.eligible, advantage, batch.isSteerable, config.entropyWeight);
  const penalty: CriticPenalty = (actionValues, batch, weights) =>
    tf.mul(conservativePenalty(actionValues, batch.eligible, batch.actions, weights), config.conservatism);
  const layers = cqlLayers(config, input.data);
  return new ActorCritic({ ...input, layers, options: config, objective, variant: { penalty } });
}
