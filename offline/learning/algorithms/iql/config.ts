import { z } from 'zod';
import { oneRewardConfig } from '../../actor-critic/train-on-reward.ts';

export const iqlConfig = z.strictObject({
  ...oneRewardConfig,
  algorithm: z.literal('iql').default('iql'),
  /** τ of the expectile: 0.5 is the mean over the logged actions, towards 1 their best. */
  expectile: z.number().gt(0).lt(1).default(0.7),
  /** β of exp(β û), û in standard deviations. */
  beta: z.number().min(0).default(2),
  maxWeight: z.number().positive().default(100),
});
export type IqlConfig = z.infer<typeof iqlConfig>;
