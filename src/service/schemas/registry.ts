import { z } from 'zod';
import { nameSchema, reasonSchema, shareSchema, versionSchema } from './common.ts';

export const externalPolicySchema = z
  .strictObject({ surface: nameSchema, name: nameSchema, reason: reasonSchema.optional() })
  .meta({ id: 'ExternalPolicy', description: 'Names a behaviour policy of elsewhere; it cannot be served' });

export const fixedPolicySchema = z
  .strictObject({
    surface: nameSchema,
    probabilities: z.record(nameSchema, shareSchema).meta({ description: 'By action; must sum to 1' }),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'FixedPolicy', description: 'Answers the same distribution whatever the features' });

export const policyDeclarationSchema = z.union([externalPolicySchema, fixedPolicySchema]);

export const aliasSchema = z
  .strictObject({ version: versionSchema, reason: reasonSchema.optional() })
  .meta({ id: 'AliasChange' });

export const reasonOnlySchema = z.strictObject({ reason: reasonSchema.optional() }).meta({ id: 'Reason' });

export const runRequestSchema = z
  .strictObject({
    surface: nameSchema,
    config: z.record(z.string(), z.unknown()).default({}),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'RunRequest', description: 'Queues an offline job; `config` is what its command takes' });

const variantSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(['control', 'treatment']),
  policyVersion: versionSchema,
});

export const experimentSchema = z
  .strictObject({
    surface: nameSchema,
    name: nameSchema,
    variants: z.array(variantSchema).min(2).max(10),
    trafficShare: shareSchema
      .gt(0)
      .default(1)
      .meta({ description: 'Share of units in the first block, split evenly between the variants' }),
    holdoutShare: shareSchema.lt(1).default(0),
    layer: nameSchema.default('default'),
    level: z.number().gt(0.5).lt(1).default(0.95),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ExperimentDeclaration' });

export type ExperimentDeclaration = z.output<typeof experimentSchema>;

export const startSchema = z
  .strictObject({
    trafficShare: shareSchema
      .gt(0)
      .optional()
      .meta({ description: 'Widens to this share in a new block; nobody changes side' }),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ExperimentStart' });
