import { z } from 'zod';
import { refuse, violation } from '../../src/core/check.ts';
import type { EncoderSpec, LayerSpec } from '../../src/core/policy/artifact.ts';
import { inputConfig } from './networks/input-config.ts';
import { inputLayersFor } from './networks/input-layers.ts';

/** What every algorithm's config holds; each algorithm adds its own fields. Unknown fields are refused. */

const rate = z.number().positive().max(1);

export const networkConfig = z.strictObject({
  /** Widths of the hidden dense layers. */
  hidden: z.array(z.int().min(1).max(1024)).min(1).max(6).default([32, 32]),
  activation: z.enum(['relu', 'silu']).default('silu'),
  layerNorm: z.boolean().default(true),
  /** Width of the group-routed block after the hidden layers, joined to them; 0: none. */
  groupBlock: z.int().min(0).max(256).default(16),
  ...inputConfig,
});
export type NetworkConfig = z.infer<typeof networkConfig>;

export const splitConfig = z.strictObject({
  by: z.enum(['unit', 'unit-and-time']).default('unit'),
  /** Shares of units (and of time); the rest is the test split, which training never reads. */
  train: z.number().gt(0).max(1).default(0.7),
  validation: z.number().min(0).lt(1).default(0.1),
  salt: z.string().default('split'),
});
export type SplitConfig = z.infer<typeof splitConfig>;

/** When training stops itself; `null` switches a watch off. `run/divergence.ts` says what each one looks at. */
export const divergenceConfig = z.strictObject({
  /** Mean |Q| beyond this many times its bound max |r| / (1 − γ). */
  maxQRatio: z.number().positive().nullable().default(1),
  /** Allocating share beyond this many times the behaviour's. */
  maxRateRatio: z.number().gt(1).nullable().default(3),
  /** … counted only where the two differ by more than this. */
  minRateDifference: z.number().min(0).max(1).default(0.15),
  /** … and only where the behaviour had a preference to drift from: its normalised entropy is at most this. */
  maxBehaviorEntropy: z.number().min(0).max(1).default(0.8),
  /** Mean entropy of the actor, as a share of the largest possible. */
  minEntropy: z.number().min(0).lt(1).nullable().default(0.001),
});
export type DivergenceConfig = z.infer<typeof divergenceConfig>;

export const commonConfig = {
  steps: z.int().min(1).max(1_000_000).default(200),
  batchSize: z.int().min(8).max(65_536).default(512),
  learningRate: rate.default(0.003),
  weightDecay: z.number().min(0).max(10).default(0.3),
  maxGradientNorm: z.number().positive().default(10),
  /** Weight of the newest actor in the running average that is exported. */
  averaging: rate.default(0.02),
  network: networkConfig.default(networkConfig.parse({})),
  split: splitConfig.default(splitConfig.parse({})),
  backend: z.enum(['auto', 'tensorflow-native', 'wasm', 'cpu']).default('auto'),
  divergence: divergenceConfig.default(divergenceConfig.parse({})),
  /** Fault injection: `inverted-reward` learns to make every response worse, to test that the gate refuses it. */
  plantedFault: z.enum(['inverted-reward']).nullable().default(null),
};

export const actorCriticConfig = {
  ...commonConfig,
  /** γ of the main response; null: 0 on a surface of horizon 1, else 0.95. */
  discount: z.number().min(0).lt(1).nullable().default(null),
  criticLearningRate: rate.default(0.003),
  /** τ of the target critics. */
  polyak: rate.default(0.02),
  /** Steps in which only the critics learn. */
  warmUpSteps: z.int().min(0).default(50),
  /** Fixed λ per cost response (or `share-of-actions`), in main units per unit of cost. */
  multipliers: z.record(z.string(), z.number().min(0)).default({}),
  /** In standard deviations of the response: an advantage spread far below it is treated as noise. */
  advantageFloor: z.number().min(0).default(0.05),
};

/** γ as used: a surface of horizon 1 says that a decision's effect ends with it. */
export const discountFor = (horizon: 1 | 'session', asked: number | null, usual: number): number =>
  horizon === 1 ? 0 : (asked ?? usual);

/** Parses with defaults; `config_invalid` names every broken field. */
export function parseConfig<T>(schema: z.ZodType<T>, raw: unknown): T {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  refuse(
    'config_invalid',
    parsed.error.issues.map((issue) =>
      violation(['config', ...issue.path.map(String)].join('.'), issue.message + knownKeys(schema, issue)),
    ),
  );
  throw parsed.error;
}

/** A mistyped setting is found sooner beside the right ones. */
function knownKeys(schema: z.ZodType, { code, path }: z.core.$ZodIssue): string {
  const isUnknownKey = code === 'unrecognized_keys' && path.length === 0 && schema instanceof z.ZodObject;
  return isUnknownKey ? ` (known: ${Object.keys(schema.shape).sort().join(', ')})` : '';
}

/**
 * Encoder → embeddings and target attention, where it has indices or sequences → hidden dense layers (each with layer norm) →
 * group-routed block → `outputs`. A number instead of an encoder: that many plain inputs.
 */
export function layersFor(
  network: NetworkConfig,
  input: EncoderSpec | number,
  groups: number,
  outputs: number,
): LayerSpec[] {
  const first = typeof input === 'number' ? { layers: [], width: input } : inputLayersFor(input, network);
  const layers: LayerSpec[] = [...first.layers];
  let size = first.width;
  for (const out of network.hidden) {
    layers.push({ kind: 'dense', in: size, out, activation: network.activation });
    if (network.layerNorm) layers.push({ kind: 'layer-norm', size: out });
    size = out;
  }
  if (network.groupBlock > 0 && groups > 1) {
    const { groupBlock: out, activation, layerNorm } = network;
    layers.push({ kind: 'group-routed', groups, in: size, out, activation, layerNorm, concatInput: true });
    size += out;
  }
  layers.push({ kind: 'dense', in: size, out: outputs, activation: 'none' });
  return layers;
}
