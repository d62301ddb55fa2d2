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

export const artifactSignatureSchema = z
  .strictObject({
    keyId: z.string().regex(/^[0-9a-f]{16}$/),
    signature: z
      .string()
      .regex(/^[A-Za-z0-9_-]{86}$/)
      .meta({ description: '64 bytes, base64url' }),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'ArtifactSignature', description: 'Ed25519, by `allot artifacts sign`' });

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

/** What the service itself reads in the config of a promotion; the job knows the rest. */
export const promotedAliasSchema = z.looseObject({ alias: nameSchema.optional() });
