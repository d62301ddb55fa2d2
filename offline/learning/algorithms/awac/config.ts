import { z } from 'zod';
import { oneRewardConfig } from '../../actor-critic/train-on-reward.ts';

export const awacConfig = z.strictObject({
  ...oneRewardConfig,
  algorithm: z.literal('awac').default('awac'),
  /** λ of exp(Â/λ), in standard deviations of the advantage: small is greedy, large clones. */
  temperature: z.number().positive().default(0.5),
});
export type AwacConfig = z.infer<typeof awacConfig>;
