import { z } from 'zod';
import { actorCriticConfig, splitConfig } from '../config.ts';

const limitConfig = z.strictObject({
  /** A response, `share-of-actions`, or `displaced-time`. */
  on: z.string(),
  direction: z.enum(['at-most', 'at-least']),
  /** Per decision, in the response's own unit. */
  threshold: z.number(),
});

/** Makes the derived cost `displaced-time`: c = 1[a ≠ null] · (d(x) − main response), see `data/displaced-time.ts`. */
export const displacedTimeConfig = z
  .strictObject({
    /** The response that allocating displaces, for instance the watch time of short videos. */
    response: z.string(),
    method: z.enum(['regression', 'group']).default('regression'),
  })
  .nullable()
  .default(null);
export type DisplacedTimeConfig = z.infer<typeof displacedTimeConfig>;

/** Fields of every algorithm that meets limits while it trains. */
export const constrainedConfig = {
  ...actorCriticConfig,
  /** Twice the usual validation share: the evaluated cost is as good as its rows. The test units stay the same. */
  split: splitConfig.default(splitConfig.parse({ train: 0.6, validation: 0.2 })),
  /** Shorter than usual: the window over which actor and λ are averaged should not reach back to λ = 0. */
  averaging: z.number().positive().max(1).default(0.05),
  /** null: the constraints that the surface declares. */
  limits: z.array(limitConfig).nullable().default(null),
  displacedTime: displacedTimeConfig,
  /** γ of a cost critic; others: 0 on a surface of horizon 1, else 0.9. `share-of-actions` needs no critic. */
  costDiscounts: z.record(z.string(), z.number().min(0).lt(1)).default({}),
  /**
   * J_c of a response: `weights`: step-level self-normalised importance weights on validation rows; `critic`:
   * E over first states of Σ_a π Q_c, per decision. `share-of-actions` is always its exact mean probability.
   */
  costEvaluation: z.enum(['weights', 'critic']).default('weights'),
  /** Largest importance weight of `weights`. */
  evaluationClip: z.number().positive().default(20),
  /** Validation rows that are looked at, evenly spread. */
  evaluationRows: z.int().min(100).default(4096),
  /** z ≥ 0: what is held to the limit is J_c + z · standard error, to leave room for a gate's bound. */
  costPessimism: z.number().min(0).max(5).default(0),
  /** M: actor updates between two looks at the cost. */
  multiplierEvery: z.int().min(1).default(5),
  initialMultiplier: z.number().min(0).default(0),
  maxMultiplier: z.number().positive().default(5),
  /** How far inside its limit a cost is to be held, in spreads of its advantage: what is exported is an average. */
  limitMargin: z.number().min(0).max(1).default(0.01),
  /** Temperature of the actor: π leans towards exp(Â/α), so that near-ties are randomised. */
  entropyWeight: z.number().min(0).default(0.15),
  /** Weight of the cross-entropy with the logged action. */
  cloningWeight: z.number().min(0).default(0.02),
};
export type ConstrainedConfig = z.infer<z.ZodObject<typeof constrainedConfig>>;
