import { discountFor } from '../../config.ts';
import { composeReward, type DerivedColumns, type Reward } from '../../data/rewards.ts';
import type { Limit } from '../../multipliers/limits.ts';
import { KnownShare, LearnedCritic, type ResponseCritic } from '../../multipliers/response-critic.ts';
import type { TrainingContext } from '../../run/learner.ts';
import type { DualConfig, SlmgacConfig } from './config.ts';
import { slmgacLayers } from './networks.ts';

/** g = −sign · cost, something to maximise; a share of actions is known and needs no critic. */
export function limitCritic(
  { data, dataset, surface, split, random }: TrainingContext,
  config: SlmgacConfig,
  dual: DualConfig,
  { on, sign, name }: Limit,
  columns: DerivedColumns,
): { readonly critic: ResponseCritic; readonly reward: Reward } {
  const isShare = on === 'share-of-actions';
  const discount = isShare ? 0 : discountFor(surface.horizon, dual.costDiscounts[on] ?? null, 0.9);
  const { plantedFault } = config;
  const options = { trainRows: split.train, discount, plantedFault, columns };
  const reward = composeReward(dataset, [{ response: on, weight: -sign }], options);
  if (isShare) {
    const nullIndex = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
    const fault = plantedFault === null ? 1 : -1;
    return { critic: new KnownShare(data.actionCount, nullIndex, (-sign * fault) / reward.scale), reward };
  }
  const layers = slmgacLayers(config, data, data.actionCount);
  const critic = { ...config, learningRate: config.criticLearningRate, discount };
  const forked = random.fork(`slmgac/limit-${name}`);
  return { critic: new LearnedCritic({ layers, data, reward, options: critic, random: forked }), reward };
}
