import { z } from 'zod';
import { actorCriticConfig } from '../../config.ts';
import { constrainedConfig } from '../../multipliers/config.ts';
import { distillationConfig } from '../../distillation/config.ts';

const response = z.string();
const signal = z.union([response, z.strictObject({ total: response, minus: response })]);

/** Left out: found by the surface's names; null: without this head; a name: this response. */
const headsConfig = z.strictObject({
  /** 1[live time ≥ enterSeconds], where something was allocated. */
  liveEnter: response.nullable().optional(),
  /** Ordinal, where something was allocated; on a surface without live time: the main response, everywhere. */
  watchTime: response.nullable().optional(),
  longView: response.nullable().optional(),
  /** 1 where any of these happened. */
  interaction: z.array(response).nullable().optional(),
  /** 1 − this response. */
  sessionContinues: response.nullable().optional(),
  shortSeconds: signal.nullable().optional(),
  enterSeconds: z.number().positive().default(3),
  /** A long view is a live watch of at least this, where no response says it. */
  longViewSeconds: z.number().positive().default(60),
});

const antiGreedyConfig = z.strictObject({
  live: response.optional(),
  short: signal.optional(),
  /** τ, the seconds that count as one unit of reward. */
  tau: z.number().positive().default(60),
  /** T_max of the objective part, in seconds. */
  cap: z.number().positive().default(1800),
  /** c: signed a (d − T)/τ, hinge a max(0, d − T)/τ, or app-time: minus all seconds in the app / τ. */
  cost: z.enum(['signed', 'hinge', 'app-time']).default('signed'),
  /** λ of the platform's constraint. */
  lambda: z.number().min(0).default(1),
});

/** Limits that learned multipliers hold, from evaluated cost; fields as in `rcpo-dual`. */
const dualConfig = z.strictObject({
  limits: constrainedConfig.limits,
  displacedTime: constrainedConfig.displacedTime,
  costDiscounts: constrainedConfig.costDiscounts,
  evaluationClip: constrainedConfig.evaluationClip,
  evaluationRows: constrainedConfig.evaluationRows,
  multiplierEvery: constrainedConfig.multiplierEvery,
  initialMultiplier: constrainedConfig.initialMultiplier,
  maxMultiplier: constrainedConfig.maxMultiplier,
  limitMargin: constrainedConfig.limitMargin,
  /** η */
  multiplierRate: z.number().positive().default(0.5),
});
export type DualConfig = z.infer<typeof dualConfig>;

export const slmgacConfig = z.strictObject({
  ...actorCriticConfig,
  algorithm: z.literal('slmgac').default('slmgac'),
  /** Block per group in actor and critic (width: `network.groupBlock`); false: neither has any. */
  groupDecomposition: z.boolean().default(true),
  /** Share of rows of a batch that are shown as group 0, so that the fallback is a trained path. */
  groupDropout: z.number().min(0).max(1).default(0.1),
  /** How supervision limits the bootstrapping error of the critic; `none` also drops the heads. */
  supervision: z.enum(['none', 'auxiliary', 'decomposed', 'categorical']).default('auxiliary'),
  /** w_sl; 0 leaves the heads out. */
  supervisionWeight: z.number().min(0).default(1),
  /** Watch time (and the reward head of `decomposed`) as ordinal bins, or by plain regression. */
  discretisation: z.enum(['ordinal', 'regression']).default('ordinal'),
  /** K */
  bins: z.int().min(2).max(100).default(12),
  /** What a bin stands for when a value is restored: its mean, or its upper edge (CREAD's rule, biased upwards). */
  restoration: z.enum(['bin-means', 'edges']).default('bin-means'),
  /** Edges by head, instead of fitted ones; a run's lineage holds those that it fitted. */
  edges: z.record(z.string(), z.array(z.number()).min(2)).default({}),
  heads: headsConfig.default(headsConfig.parse({})),
  /** auto: anti-greedy where the main response is the live time and short-video time is known, else main. */
  reward: z.enum(['auto', 'main', 'anti-greedy']).default('auto'),
  antiGreedy: antiGreedyConfig.default(antiGreedyConfig.parse({})),
  /** null: λ is fixed (`antiGreedy.lambda`, `multipliers`); else dual ascent holds the limits as well. */
  dual: dualConfig.nullable().default(null),
  /** Squared: a heavy-tailed reward is estimated by its mean; Huber (δ = 1 σ of the reward) is less noisy and biased. */
  criticLoss: z.enum(['squared', 'huber']).default('squared'),
  categorical: z
    .strictObject({
      atoms: z.int().min(2).max(200).default(41),
      projection: z.enum(['two-hot', 'hl-gauss']).default('two-hot'),
    })
    .default({ atoms: 41, projection: 'two-hot' }),
  /** Critic updates per actor update. */
  actorDelay: z.int().min(1).default(2),
  /** Qn = min Q / (mean |Q| + ε), of the value as in TD3+BC, or of the advantage (a large constant in Q drops out). */
  scaling: z.enum(['advantage', 'value']).default('advantage'),
  /** α_H */
  entropyWeight: z.number().min(0).default(0.1),
  /** β */
  cloningWeight: z.number().min(0).default(0.05),
  /** Teacher → student; null: the teacher itself is exported. */
  distillation: distillationConfig.nullable().default(distillationConfig.parse({})),
});
export type SlmgacConfig = z.infer<typeof slmgacConfig>;
