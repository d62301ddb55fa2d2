import { z } from 'zod';
import { oneRewardConfig } from '../../actor-critic/train-on-reward.ts';

export const sacConfig = z.strictObject({
  ...oneRewardConfig,
  algorithm: z.literal('sac').default('sac'),
  /** Target entropy as a share of the behaviour policy's mean entropy on the training rows. */
  targetEntropyShare: z.number().min(0).max(1).default(0.5),
  /** α at the start and at most, in standard deviations of the reward. */
  initialAlpha: z.number().positive().default(0.1),
  maxAlpha: z.number().positive().default(1),
  alphaLearningRate: z.number().positive().max(1).default(0.01),
  /** Weight of the cross-entropy with the logged action; 0: none. */
  cloningWeight: z.number().min(0).default(0.05),
  /** The actor (and α) learn in every so many-th step. */
  actorDelay: z.int().min(1).max(20).default(1),
});
export type SacConfig = z.infer<typeof sacConfig>;
