import { z } from 'zod';
import { oneRewardConfig } from '../../actor-critic/train-on-reward.ts';

export const td3bcConfig = z.strictObject({
  ...oneRewardConfig,
  algorithm: z.literal('td3bc').default('td3bc'),
  /** α of λ = α / scale: how much improvement weighs against cloning. */
  alpha: z.number().min(0).default(2.5),
  /**
   * What λ divides by: `value` is the published mean |Q|; `advantage` the spread of the advantage. A state's value is
   * many times what its actions differ by where the reward has a mean, and `value` then only clones.
   */
  scale: z.enum(['advantage', 'value']).default('advantage'),
  /** The actor learns in every so many-th step. */
  actorDelay: z.int().min(1).max(20).default(2),
});
export type Td3bcConfig = z.infer<typeof td3bcConfig>;
