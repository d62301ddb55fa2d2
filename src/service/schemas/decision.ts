import { z } from 'zod';
import { callerIdSchema } from './common.ts';

/** For OpenAPI; the decide path checks the same grammar by hand (`serving/decide-request.ts`). */
export const decideRequestSchema = z
  .strictObject({
    requestId: callerIdSchema.meta({ description: 'Makes a repeat return the same answer' }),
    surface: callerIdSchema,
    unitId: callerIdSchema.meta({ description: 'What is randomised: a person, a device' }),
    sessionId: callerIdSchema.nullable().optional(),
    features: z.record(z.string(), z.unknown()).optional(),
    eligibleActions: z.array(z.string()).min(1).optional(),
  })
  .meta({ id: 'DecideRequest' });

export const MAX_BATCH = 1000;

export const decideBatchSchema = z
  .strictObject({ requests: z.array(decideRequestSchema).min(1).max(MAX_BATCH) })
  .meta({ id: 'DecideBatch' });

const adjustmentSchema = z.object({
  kind: z.enum(['eligibility', 'cap', 'pacing', 'exploration-floor', 'kill-switch']),
  name: z.string().optional(),
  factor: z.number().optional(),
  nullBefore: z.number(),
  nullAfter: z.number(),
});

export const decideAnswerSchema = z
  .object({
    decisionId: z.string(),
    action: z.string(),
    propensity: z.number(),
    probabilities: z.record(z.string(), z.number()),
    policyVersion: z.string().nullable(),
    experiment: z.string().nullable(),
    variant: z.string().nullable(),
    adjustments: z.array(adjustmentSchema),
    fallback: z.enum(['champion', 'last-good-champion', 'safe-action', 'unlogged', 'killed']).nullable(),
  })
  .meta({ id: 'DecideAnswer' });
