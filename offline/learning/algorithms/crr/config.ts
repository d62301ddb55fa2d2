import { z } from 'zod';
import { actorCriticConfig } from '../../config.ts';

export const crrConfig = z.strictObject({
  ...actorCriticConfig,
  algorithm: z.literal('crr').default('crr'),
  /** f(A): `exp` is min(exp(Â/β), maxWeight), `binary` is 1[Â > 0]. */
  weighting: z.enum(['exp', 'binary']).default('exp'),
  beta: z.number().positive().default(0.5),
  maxWeight: z.number().positive().default(20),
  /** Further responses in the reward, main units per unit of response; costs belong into `multipliers`. */
  auxiliaryWeights: z.record(z.string(), z.number()).default({}),
});
export type CrrConfig = z.infer<typeof crrConfig>;
