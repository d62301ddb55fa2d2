import { z } from 'zod';
import { isStorable, STORABLE_RULE } from '../../core/storable-text.ts';
import { isName, NAME_PATTERN, NAME_RULE } from '../../core/surface/names.ts';

/** Names of surfaces, actions, features, experiments: they end up in URLs, metrics and JSON keys. */
export const nameSchema = z
  .string()
  .min(1)
  .max(64)
  .refine(isName, NAME_RULE)
  .meta({ pattern: NAME_PATTERN.source });

/** Identifiers that callers make up: any well-formed text of at most 256 characters. */
export const callerIdSchema = z
  .string()
  .min(1)
  .max(256)
  .refine(isStorable, `must be ${STORABLE_RULE}`)
  .meta({ pattern: '^[^\\u0000]*$' });

export const shareSchema = z.number().min(0).max(1);
export const versionSchema = z
  .string()
  .min(3)
  .max(220)
  .regex(/^.+@.+$/, 'must be a policy version like live-feed@42');
export const reasonSchema = z.string().min(1).max(500);
export const timeSchema = z
  .number()
  .int()
  .min(0)
  .max(8.64e15)
  .meta({ description: 'Milliseconds since the epoch, UTC' });
