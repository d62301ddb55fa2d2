import * as tf from '@tensorflow/tfjs-core';
import { ActorCritic, type ActorObjective } from '../../actor-critic/actor-critic.ts';
import { trainOnReward, type LearnerInput } from '../../actor-critic/train-on-reward.ts';
import { parseConfig } from '../../config.ts';
import type { Algorithm } from '../../run/learner.ts';
import { td3bcConfig, type Td3bcConfig } from './config.ts';
import { meanAbsoluteValue, td3bcActorLoss } from './losses.ts';
import { td3bcLayers } from './networks.ts';

/**
 * TD3+BC (Fujimoto & Gu 2021), discrete: improvement by the exact expectation plus cross-entropy with the logged
 * action; smaller of two slow critics, slow actor in the bootstrap, delayed actor. No noise on target actions: there is
 * nothing to smooth between discrete ones.
 */
export function createTd3bc(raw: unknown): Algorithm {
  const config = parseConfig<Td3bcConfig>(td3bcConfig, raw);
  return {
    name: 'td3bc',
    config,
    train: (context) =>
      trainOnReward(context, config, 'td3 with cloning', (input) => td3bcLearner(input, config)),
  };
}

export function td3bcLearner(input: LearnerInput, config: Td3bcConfig): ActorCritic {
  const objective: ActorObjective = (batch, advantage, actionValues) => {
    const scaled: tf.Tensor2D =
      config.scale === 'advantage'
        ? tf.mul(advantage, config.alpha)
        : tf.mul(
            actionValues,
            tf.div(config.alpha, tf.add(meanAbsoluteValue(actionValues, batch.eligible), 1e-8)),
          );
    return (logits: tf.Tensor2D) => td3bcActorLoss(logits, batch, scaled);
  };
  const layers = td3bcLayers(config, input.data);
  return new ActorCritic({ ...input, layers, options: config, objective, variant: { hasSlowActor: true } });
}
