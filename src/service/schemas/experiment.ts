import { z } from 'zod';
import { nameSchema, reasonSchema, shareSchema, versionSchema } from './common.ts';

const variantSchema = z
  .strictObject({
    name: nameSchema,
    role: z.enum(['control', 'treatment']),
    policyVersion: versionSchema.optional(),
    alias: nameSchema.optional().meta({ description: 'Resolved now, and pinned when the experiment starts' }),
  })
  .meta({ id: 'ExperimentVariant', description: 'Bound to a policy version or to an alias: one of the two' });

const rampStepSchema = z.strictObject({
  trafficShare: shareSchema.gt(0).lte(0.5),
  minSeconds: z.number().min(0).max(31_536_000).default(86_400),
  minUnits: z.number().int().min(0).max(1e9).default(200),
});

const rampSchema = z.strictObject({ steps: z.array(rampStepSchema).min(1).max(20) }).meta({
  id: 'ExperimentRamp',
  description: 'Shares of all units, rising, at most 0.5; each step lasts at least its time and its units',
});

const betterSchema = z.enum(['higher', 'lower']).default('higher');

const ruleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('improve'), better: betterSchema }),
  z.strictObject({ kind: z.literal('not-worse'), better: betterSchema, margin: z.number().gt(0) }),
  z.strictObject({
    kind: z.literal('limit'),
    direction: z.enum(['at-most', 'at-least']).default('at-most'),
    threshold: z.number(),
  }),
]);

const metricSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(['main', 'guardrail', 'signal']),
  source: z.union([z.literal('share-of-actions'), z.strictObject({ response: nameSchema })]),
  rule: ruleSchema,
  budget: z.number().gt(0).default(1).meta({ description: 'Part of its role\u2019s error budget, relative' }),
  winsorAt: z.number().nullable().default(null).meta({ description: 'A unit\u2019s total is cut here' }),
});

const covariateSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('feature'), feature: nameSchema }),
  z.strictObject({
    kind: z.literal('response'),
    response: nameSchema,
    days: z.number().gt(0).max(90).default(14),
  }),
]);

const healthSchema = z.strictObject({
  onFailure: z.enum(['hold', 'roll-back']).default('hold'),
  noTrafficSeconds: z.number().gt(0).max(31_536_000).default(3600),
  alpha: z.number().gt(0).lt(0.5).default(0.001),
});

export const experimentSchema = z
  .strictObject({
    surface: nameSchema,
    name: nameSchema,
    variants: z.array(variantSchema).min(2).max(10),
    trafficShare: shareSchema.gt(0).optional().meta({
      description: 'Of the first block, without a ramp; split evenly between the variants (default 1)',
    }),
    ramp: z
      .union([z.literal('default'), rampSchema])
      .nullable()
      .default(null)
      .meta({ description: '`default`: 1-5-10-25-50 %, a day and 200 units each' }),
    holdoutShare: shareSchema
      .lt(1)
      .default(0)
      .meta({ description: 'Of all units, kept on the champion and out of every experiment' }),
    confirmationShare: shareSchema
      .lt(1)
      .default(0)
      .meta({ description: 'Of the units in the experiment, seen by no look before the decision' }),
    layer: nameSchema.default('default'),
    level: z.number().gt(0.5).lt(1).default(0.95),
    estimand: z.enum(['per-decision', 'per-unit']).default('per-decision'),
    metrics: z
      .array(metricSchema)
      .min(1)
      .max(30)
      .optional()
      .meta({ description: 'Exactly one main; default: what the surface declares' }),
    method: z.enum(['confidence-sequence', 'msprt']).default('confidence-sequence').meta({
      description:
        'Both hold at every look; `msprt` takes the variance of its mixture from the first look with enough units',
    }),
    minUnits: z.number().int().min(10).max(1e9).default(100),
    tunedAtUnits: z
      .number()
      .int()
      .min(10)
      .max(1e10)
      .default(2000)
      .meta({ description: 'Units of both variants at which the intervals are tightest' }),
    horizonUnits: z.number().int().min(10).max(1e10).nullable().default(null),
    covariate: covariateSchema.nullable().default(null),
    health: healthSchema.prefault({}),
    isApprovalNeeded: z.boolean().default(false),
    forcedUnits: z
      .record(z.string().min(1).max(256), nameSchema)
      .optional()
      .meta({ description: 'unitId \u2192 variant, by hand: served and counted, never analysed' }),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ExperimentDeclaration' });

export type ExperimentDeclaration = z.output<typeof experimentSchema>;
/** As sent: everything with a default may be left out. */
export type ExperimentInput = z.input<typeof experimentSchema>;

export const startSchema = z
  .strictObject({
    trafficShare: shareSchema
      .gt(0)
      .optional()
      .meta({ description: 'Widens to this share in a new block; nobody changes side' }),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ExperimentStart' });

export const approvalSchema = z
  .strictObject({
    purpose: z.enum(['start', 'widen', 'promote']).default('start'),
    trafficShare: shareSchema.gt(0).optional().meta({ description: 'Of `widen`: up to this share' }),
    reason: reasonSchema.optional(),
  })
  .refine(({ purpose, trafficShare }) => (purpose === 'widen') === (trafficShare !== undefined), {
    path: ['trafficShare'],
    message: 'must be given to widen, and only then',
  })
  .meta({
    id: 'ExperimentApproval',
    description:
      'A second key agrees: to start and promote, not the one that wrote what it says; to widen, not the one that does it',
  });

export const promoteSchema = z
  .strictObject({
    variant: nameSchema.optional().meta({ description: 'Default: the only treatment' }),
    alias: nameSchema.default('champion'),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ExperimentPromotion' });
