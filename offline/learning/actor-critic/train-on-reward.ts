import { z } from 'zod';
import type { Random } from '../../../src/core/math/random.ts';
import { actorCriticConfig, discountFor } from '../config.ts';
import { composeReward, mainTerms, type Reward } from '../data/rewards.ts';
import type { TrainingData } from '../data/training-data.ts';
import type { Learner, TrainedActor, TrainingContext } from '../run/learner.ts';
import { trainActor } from './actor-critic.ts';

/** Config of an algorithm that learns from one reward: main + Σ wᵢ auxiliary − Σ λⱼ cost. */
export const oneRewardConfig = {
  ...actorCriticConfig,
  /** Further responses in the reward, main units per unit of response; costs belong into `multipliers`. */
  auxiliaryWeights: z.record(z.string(), z.number()).default({}),
};
export type OneRewardConfig = z.infer<z.ZodObject<typeof oneRewardConfig>>;

/** What such an algorithm's learner is made of. */
export interface LearnerInput {
  readonly data: TrainingData;
  readonly reward: Reward;
  readonly discount: number;
  readonly random: Random;
}

/** Composes the reward, builds the learner, runs it to its end and takes the averaged actor out of it. */
export async function trainOnReward(
  context: TrainingContext,
  config: OneRewardConfig,
  phase: string,
  build: (input: LearnerInput) => Learner,
): Promise<TrainedActor> {
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
  const learner = build({ data, reward, discount, random: context.random.fork(phase) });
  const loop = { ...config, phase, steps: config.warmUpSteps + config.steps, rows: split.train };
  return await trainActor(learner, context, loop, reward);
}
