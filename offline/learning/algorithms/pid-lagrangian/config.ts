import { z } from 'zod';
import { constrainedConfig } from '../../multipliers/config.ts';

export const pidLagrangianConfig = z.strictObject({
  ...constrainedConfig,
  algorithm: z.literal('pid-lagrangian').default('pid-lagrangian'),
  /** K_P, K_I, K_D per unit of δ (spreads of the cost's advantage). */
  proportionalGain: z.number().min(0).default(1),
  integralGain: z.number().min(0).default(0.25),
  derivativeGain: z.number().min(0).default(0.3),
  /** Weight of the newest δ in the averages of the P and D terms. */
  smoothing: z.number().gt(0).max(1).default(0.3),
});
export type PidLagrangianConfig = z.infer<typeof pidLagrangianConfig>;
