import { z } from 'zod';
import { actorCriticConfig } from '../../config.ts';

export const paretoConfig = z.strictObject({
  ...actorCriticConfig,
  algorithm: z.literal('pareto').default('pareto'),
  /** Responses that are objectives; null: all of the surface. `share-of-actions` may be one. */
  objectives: z.array(z.string()).min(1).nullable().default(null),
  /** Objectives that are better low (a cost always is). */
  minimise: z.array(z.string()).default([]),
  /** γ by objective; others: 0 on a surface of horizon 1, else 0.9 (the main response: `discount`). */
  objectiveDiscounts: z.record(z.string(), z.number().min(0).lt(1)).default({}),
  /** Share of the newest min-norm solution in the running weights: one minibatch's solution is biased by its noise. */
  weightRate: z.number().gt(0).max(1).default(0.1),
  /** Temperature of the actor. */
  entropyWeight: z.number().min(0).default(0.15),
  /** Weight of the cross-entropy with the logged action. */
  cloningWeight: z.number().min(0).default(0.02),
});
export type ParetoConfig = z.infer<typeof paretoConfig>;
