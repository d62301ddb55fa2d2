import { z } from 'zod';
import { callerIdSchema, timeSchema } from './common.ts';

export const MAX_FEEDBACK = 1000;

export const exposureSchema = z.strictObject({
  eventId: callerIdSchema.meta({ description: 'A repeat with the same eventId has no effect' }),
  decisionId: z.string().min(1).max(100),
  occurredAt: timeSchema.optional(),
});

export const interactionSchema = z.strictObject({
  eventId: callerIdSchema,
  decisionId: z.string().min(1).max(100),
  type: z.string().min(1).max(100),
  value: z.number().optional().meta({ description: 'May be left out for session_closed only' }),
  occurredAt: timeSchema.optional(),
});

export const exposuresSchema = z
  .strictObject({ exposures: z.array(exposureSchema).min(1).max(MAX_FEEDBACK) })
  .meta({ id: 'Exposures' });

export const interactionsSchema = z
  .strictObject({ interactions: z.array(interactionSchema).min(1).max(MAX_FEEDBACK) })
  .meta({ id: 'Interactions' });

/** A single event may be sent without the array around it. */
export const isSingleEvent = (body: unknown, field: 'exposures' | 'interactions'): boolean =>
  typeof body === 'object' && body !== null && !Array.isArray(body) && !(field in body) && 'eventId' in body;
