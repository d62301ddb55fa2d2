import { z } from 'zod';
import type { Surface } from '../../core/surface/surface.ts';
import { nameSchema, shareSchema } from './common.ts';

const numericSchema = z.strictObject({
  name: nameSchema,
  type: z.literal('numeric'),
  min: z.number(),
  max: z.number(),
  default: z.number().optional(),
});

const categoricalSchema = z.strictObject({
  name: nameSchema,
  type: z.literal('categorical'),
  values: z.array(z.string().min(1).max(100)).min(1).max(10_000),
  default: z.string().optional(),
});

const hashedSchema = z.strictObject({
  name: nameSchema,
  type: z.literal('hashed'),
  buckets: z
    .number()
    .int()
    .min(2)
    .max(1_000_000)
    .meta({ description: 'Slots of the hash, the first for what is unknown or empty' }),
  vocabulary: nameSchema
    .optional()
    .meta({ description: 'Features and fields that speak of the same things; default: its name' }),
  default: z.union([z.string().max(256), z.number().int()]).optional(),
});

const sequenceSchema = z.strictObject({
  name: nameSchema,
  type: z.literal('sequence'),
  length: z
    .number()
    .int()
    .min(1)
    .max(512)
    .meta({ description: 'Most events, newest last; more are refused' }),
  fields: z
    .array(z.discriminatedUnion('type', [numericSchema, categoricalSchema, hashedSchema]))
    .min(1)
    .max(32)
    .meta({ description: 'Of every event; one with a default may be left out of an event' }),
  default: z.array(z.record(nameSchema, z.union([z.number(), z.string()]))).optional(),
});

const featureSchema = z.discriminatedUnion('type', [
  numericSchema,
  categoricalSchema,
  z.strictObject({ name: nameSchema, type: z.literal('boolean'), default: z.boolean().optional() }),
  z.strictObject({
    name: nameSchema,
    type: z.literal('vector'),
    length: z.number().int().min(1).max(4096),
    min: z.number(),
    max: z.number(),
    default: z.array(z.number()).optional(),
  }),
  hashedSchema,
  sequenceSchema,
]);

const responseSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(['main', 'auxiliary', 'cost']),
  interaction: nameSchema
    .optional()
    .meta({ description: 'The interaction type that feeds it; default: its name' }),
  aggregate: z.enum(['sum', 'any', 'max']).default('sum'),
  unit: z.string().min(1).max(40).default('count'),
  min: z.number().default(0),
  max: z.number().default(1),
  windowSeconds: z.number().positive().max(31_536_000).default(3600),
  default: z.number().default(0),
});

export const groupsSchema = z.strictObject({
  feature: nameSchema,
  bounds: z.array(z.number()),
  names: z.array(z.string().min(1).max(60)),
});

export const constraintSchema = z.strictObject({
  name: nameSchema,
  on: z.union([z.literal('share-of-actions'), z.strictObject({ response: nameSchema })]),
  direction: z.enum(['at-most', 'at-least']),
  threshold: z.number(),
});

const capSchema = z.strictObject({
  name: nameSchema,
  action: nameSchema,
  rule: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('feature-at-most'), feature: nameSchema, limit: z.number() }),
    z.strictObject({ kind: z.literal('feature-at-least'), feature: nameSchema, limit: z.number() }),
    z.strictObject({
      kind: z.literal('unit-window'),
      limit: z.number().int().min(0).max(10_000),
      windowSeconds: z.number().positive().max(31_536_000),
    }),
  ]),
});

export const gateSchema = z.strictObject({
  estimator: z.enum(['ips', 'snips', 'dr']).default('dr'),
  estimand: z
    .enum(['per-decision', 'per-session'])
    .optional()
    .meta({ description: 'What the gate judges; default: per-session where the horizon is session' }),
  level: z.number().gt(0.5).lt(1).default(0.95),
  mainMargin: z.number().positive().optional().meta({ description: 'm; default: 1 % of the main range' }),
  auxiliaryMargins: z.record(nameSchema, z.number().positive()).default({}),
  minEffectiveUnits: z.number().int().min(1).default(1000),
});

/** A declaration as a person writes it: what is left out gets the default shown. */
export const surfaceDeclarationSchema = z
  .strictObject({
    name: nameSchema.optional().meta({ description: 'May be left out where the path names the surface' }),
    schemaVersion: z.number().int().min(1).default(1),
    actions: z.array(nameSchema).min(1).max(1000),
    nullAction: nameSchema.nullable().optional().meta({ description: 'Default: the first action' }),
    features: z.array(featureSchema).max(1000).default([]),
    groups: groupsSchema.nullable().default(null),
    responses: z.array(responseSchema).min(1).max(50),
    constraints: z.array(constraintSchema).max(50).default([]),
    explorationFloor: shareSchema.default(0.05),
    caps: z.array(capSchema).max(50).default([]),
    pacing: z
      .strictObject({
        targetShare: shareSchema,
        proportionalGain: z.number().min(0).default(0.5),
        integralGain: z.number().min(0).default(0.02),
      })
      .nullable()
      .default(null),
    horizon: z.union([z.literal(1), z.literal('session')]).default(1),
    completeness: z.enum(['window', 'session-closed']).default('window'),
    gate: gateSchema.default({ estimator: 'dr', level: 0.95, auxiliaryMargins: {}, minEffectiveUnits: 1000 }),
  })
  .meta({ id: 'SurfaceDeclaration' });

export type SurfaceDeclaration = z.input<typeof surfaceDeclarationSchema>;

/** m where none is declared: 1 % of the range of the main response, in its unit. */
export function defaultMainMargin(responses: Surface['responses']): number {
  const main = responses.find(({ role }) => role === 'main');
  return main === undefined ? 0.01 : 0.01 * (main.max - main.min);
}

/** Fills in the defaults that depend on other fields. */
export function surfaceOf(declared: z.output<typeof surfaceDeclarationSchema>, name: string): Surface {
  const responses = declared.responses.map((r) => ({ ...r, interaction: r.interaction ?? r.name }));
  return {
    ...declared,
    name,
    nullAction: declared.nullAction === undefined ? declared.actions[0] : declared.nullAction,
    features: declared.features as Surface['features'],
    responses,
    gate: { ...declared.gate, mainMargin: declared.gate.mainMargin ?? defaultMainMargin(responses) },
  };
}
