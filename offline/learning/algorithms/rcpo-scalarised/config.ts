import { z } from 'zod';
import { actorCriticConfig } from '../../config.ts';
import { displacedTimeConfig } from '../../multipliers/config.ts';

export const rcpoScalarisedConfig = z.strictObject({
  ...actorCriticConfig,
  algorithm: z.literal('rcpo-scalarised').default('rcpo-scalarised'),
  /** Further responses in the reward, main units per unit of response; costs belong into `multipliers`. */
  auxiliaryWeights: z.record(z.string(), z.number()).default({}),
  /**
   * Weight of every auxiliary (+) and cost (−) response that neither record names, in standard deviations of the main
   * response per standard deviation of its own; the published weights are of this order. 0: leave them out.
   */
  standardWeight: z.number().min(0).default(0.1),
  /** Auxiliary responses that are better low (a cost always is): they enter with sign −. */
  minimise: z.array(z.string()).default([]),
  displacedTime: displacedTimeConfig,
  /** Temperature of the actor. */
  entropyWeight: z.number().min(0).default(0.15),
  /** Weight of the cross-entropy with the logged action. */
  cloningWeight: z.number().min(0).default(0.02),
});
export type RcpoScalarisedConfig = z.infer<typeof rcpoScalarisedConfig>;
