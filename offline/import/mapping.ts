import { z } from 'zod';
import { AllotError } from '../../src/core/errors.ts';
import { violation } from '../../src/core/check.ts';

const column = z.string().min(1);

const buckets = z.int().min(2).max(1_000_000);
const vocabulary = z.string().min(1).optional();

const field = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('numeric'), min: z.number(), max: z.number() }),
  z.strictObject({ type: z.literal('categorical'), values: z.array(z.string()).min(1) }),
  z.strictObject({ type: z.literal('hashed'), buckets, vocabulary }),
]);

const feature = z.discriminatedUnion('type', [
  z.strictObject({ column, type: z.literal('numeric'), min: z.number(), max: z.number() }),
  z.strictObject({ column, type: z.literal('categorical'), values: z.array(z.string()).min(1) }),
  z.strictObject({ column, type: z.literal('boolean') }),
  z.strictObject({ column, type: z.literal('hashed'), buckets, vocabulary }),
  /** The cell is a JSON list of objects, newest last; an empty one is no events. */
  z.strictObject({
    column,
    type: z.literal('sequence'),
    length: z.int().min(1).max(512),
    fields: z.record(z.string(), field),
  }),
]);

const response = z.strictObject({
  column,
  role: z.enum(['main', 'auxiliary', 'cost']),
  min: z.number(),
  max: z.number(),
  unit: z.string().default('1'),
  default: z.number().default(0),
});

/** How the columns of a foreign log become decisions of a surface; `docs/import.md` shows an example. */
export const mappingSchema = z.strictObject({
  surface: z.string().min(1),
  /** In the order that probabilities shall follow; the null action first, if there is one. */
  actions: z.array(z.string()).min(2),
  nullAction: z.string().nullable().default(null),
  policyVersion: z.string().min(1),
  columns: z.strictObject({
    action: column,
    propensity: column,
    unitId: column.optional(),
    sessionId: column.optional(),
    requestId: column.optional(),
    decidedAt: column.optional(),
  }),
  features: z.record(z.string(), feature).default({}),
  responses: z.record(z.string(), response),
});

export type Mapping = z.infer<typeof mappingSchema>;

/** Refuses with every broken rule of the mapping, field by field. */
export function parseMapping(file: string, document: unknown): Mapping {
  const parsed = mappingSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.map((issue) =>
    violation(issue.path.join('.') || '(root)', issue.message),
  );
  throw new AllotError(
    'mapping_invalid',
    `${file}: ${violations.map(({ field, rule }) => `${field}: ${rule}`).join('; ')}`,
    { violations },
  );
}
