import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import { ActorCritic, trainActor, type ActorObjective } from '../../actor-critic/actor-critic.ts';
import { discountFor, parseConfig } from '../../config.ts';
import { composeReward, type Reward } from '../../data/rewards.ts';
import type { TrainingData } from '../../data/training-data.ts';
import { constrainedActorLoss } from '../../multipliers/constrained-losses.ts';
import { costColumns } from '../../multipliers/cost-columns.ts';
import type { Algorithm, TrainedActor, TrainingContext } from '../../run/learner.ts';
import { rcpoScalarisedConfig, type RcpoScalarisedConfig } from './config.ts';
import { scalarisedTerms } from './losses.ts';
import { rcpoScalarisedLayers } from './networks.ts';

/**
 * RCPO as fixed-weight scalarisation: one actor, one (twin) critic of r − Σ λ c, multipliers fixed. One critic is
 * dominated by the dense response and knows one discount: what it does to sparse responses is what TSCAC is about.
 */
export function createRcpoScalarised(raw: unknown): Algorithm {
  const config = parseConfig<RcpoScalarisedConfig>(rcpoScalarisedConfig, raw);
  return { name: 'rcpo-scalarised', config, train: (context) => trainRcpoScalarised(context, config) };
}

export function rcpoScalarisedLearner(
  data: TrainingData,
  reward: Reward,
  discount: number,
  config: RcpoScalarisedConfig,
  random: Random,
): ActorCritic {
  const objective: ActorObjective = (batch, advantage) => (logits: tf.Tensor2D) =>
    constrainedActorLoss(logits, batch, advantage, config);
  const layers = rcpoScalarisedLayers(config, data);
  return new ActorCritic({ layers, data, reward, discount, options: config, random, objective });
}

async function trainRcpoScalarised(
  context: TrainingContext,
  config: RcpoScalarisedConfig,
): Promise<TrainedActor> {
  const { data, dataset, split, surface } = context;
  const discount = discountFor(surface.horizon, config.discount, 0.95);
  const columns = costColumns(dataset, surface, split.train, config.displacedTime);
  const terms = scalarisedTerms(dataset, surface, split.train, config, columns);
  const { plantedFault } = config;
  const reward = composeReward(dataset, terms, { trainRows: split.train, discount, plantedFault, columns });
  const learner = rcpoScalarisedLearner(
    data,
    reward,
    discount,
    config,
    context.random.fork('rcpo-scalarised'),
  );
  const loop = {
    ...config,
    phase: 'rcpo-scalarised',
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
    watch: 'exported',
  } as const;
  const trained = await trainActor(learner, context, loop, reward);
  const weights = Object.fromEntries(terms.map(({ response, weight }) => [`weight:${response}`, weight]));
  return { ...trained, metrics: { ...trained.metrics, ...weights } };
}
