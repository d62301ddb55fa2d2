import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import { actorProbabilities } from '../../actor-critic/actor.ts';
import { ActorCritic, type ActorObjective } from '../../actor-critic/actor-critic.ts';
import type { Network } from '../../networks/network.ts';
import type { Reward } from '../../data/rewards.ts';
import type { TrainingData } from '../../data/training-data.ts';
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
export function tscacLearner(input: {
  readonly data: TrainingData;
  readonly reward: Reward;
  readonly discount: number;
  readonly config: TscacConfig;
  readonly random: Random;
  readonly auxiliaries: readonly AuxiliaryPolicy[];
}): ActorCritic {
  const { config, auxiliaries } = input;
  return new ActorCritic({
    ...input,
    layers: tscacLayers(config, input.data),
    options: config,
    objective: auxiliaries.length === 0 ? stageOne(config) : stageTwo(config, auxiliaries),
  });
}

const stageOne =
  (config: TscacConfig): ActorObjective =>
  (batch, advantage) =>
  (logits: tf.Tensor2D) =>
    stageOneLoss(logits, batch, advantage, config);

function stageTwo(config: TscacConfig, auxiliaries: readonly AuxiliaryPolicy[]): ActorObjective {
  const lambdas = auxiliaries.map(({ lambda }) => lambda);
  return (batch, advantage) => {
    const policies = auxiliaries.map(({ actor }) =>
      withSupportFloor(actorProbabilities(actor, batch), batch.eligible, config.supportFloor),
    );
    const target = projectionTarget(policies, lambdas, advantage, batch.eligible);
    return (logits: tf.Tensor2D) => stageTwoLoss(logits, batch, target, config.cloningWeight);
  };
}
