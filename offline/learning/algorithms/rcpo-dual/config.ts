import { z } from 'zod';
import { constrainedConfig } from '../../multipliers/config.ts';

export const rcpoDualConfig = z.strictObject({
  ...constrainedConfig,
  algorithm: z.literal('rcpo-dual').default('rcpo-dual'),
  /** η of λ ← clip(λ + η δ, 0, maxMultiplier), δ in spreads of the cost's advantage. */
  multiplierRate: z.number().positive().default(0.25),
});
export type RcpoDualConfig = z.infer<typeof rcpoDualConfig>;
