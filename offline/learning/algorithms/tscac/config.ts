import { z } from 'zod';
import { actorCriticConfig } from '../../config.ts';
import { displacedTimeConfig } from '../../multipliers/config.ts';

export const tscacConfig = z.strictObject({
  ...actorCriticConfig,
  algorithm: z.literal('tscac').default('tscac'),
  /** Responses that get a policy of their own in stage one; null: every auxiliary and cost response. */
  auxiliaries: z.array(z.string()).min(1).nullable().default(null),
  /** Auxiliary responses that are better low (a cost always is): they enter with sign −. */
  minimise: z.array(z.string()).default([]),
  /** γ per auxiliary; others: 0 on a surface of horizon 1, else 0.9. */
  auxiliaryDiscounts: z.record(z.string(), z.number().min(0).lt(1)).default({}),
  /** λ shared by all auxiliaries, in standard deviations of A₁: small follows the main response. */
  lambda: z.number().positive().default(0.15),
  /** λᵢ by auxiliary, instead of the shared one. */
  lambdas: z.record(z.string(), z.number().min(0)).default({}),
  /** ε of the support floor that is mixed into πᵢ before logarithms are taken. */
  supportFloor: z.number().gt(0).max(0.5).default(0.03),
  /** Entropy weight α of stage one: πᵢ leans towards exp(Âᵢ/α). */
  entropyWeight: z.number().min(0).default(0.7),
  /** Weight of the cross-entropy with the logged action, in both stages. */
  cloningWeight: z.number().min(0).default(0.05),
  /** Updates (after warm-up) of each stage-one policy. */
  stageOneSteps: z.int().min(1).default(100),
  /**
   * λ to try: stage one is trained once, stage two for each of these in turn, and the validation rows choose: the largest
   * lower bound of the main response among those whose auxiliaries and constraints pass. Empty: `lambda` as it is.
   */
  lambdaSweep: z.array(z.number().positive()).max(50).default([]),
  /** Two-sided level of the bounds that choose λ. */
  selectionLevel: z.number().gt(0).lt(1).default(0.8),
  /** δ: V_i ≥ (1 − δ) V_i(behaviour), by its bound. */
  auxiliarySlack: z.number().min(0).default(0.05),
  /**
   * An auxiliary whose events are rarer than this (share of rows, for instance 0.01) gets a critic that sees them oversampled,
   * with importance weights; actors always see uniform rows. 0: never.
   */
  sparseBelow: z.number().min(0).lt(0.5).default(0),
  /** Makes the auxiliary `displaced-time`, which is to be low. */
  displacedTime: displacedTimeConfig,
});
export type TscacConfig = z.infer<typeof tscacConfig>;
