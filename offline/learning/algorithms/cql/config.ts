import { z } from 'zod';
import { oneRewardConfig } from '../../actor-critic/train-on-reward.ts';

export const cqlConfig = z.strictObject({
  ...oneRewardConfig,
  algorithm: z.literal('cql').default('cql'),
  /** α of the conservative penalty: large keeps to the actions of the log. */
  conservatism: z.number().min(0).default(0.1),
  /** Entropy weight of the actor: π leans towards exp(Â/weight). */
  entropyWeight: z.number().min(0).default(0.5),
});
export type CqlConfig = z.infer<typeof cqlConfig>;
