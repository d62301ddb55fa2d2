import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { AllotError } from '../../src/core/errors.ts';
import { violation } from '../../src/core/check.ts';
import { constraintSchema, gateSchema, groupsSchema } from '../../src/service/schemas/surface.ts';

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
  /** Default: that of the declared surface, 1 for a new one. */
  schemaVersion: z.int().min(1).optional(),
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
  groups: groupsSchema.optional(),
  constraints: z.array(constraintSchema).max(50).optional(),
  gate: gateSchema.extend({ estimator: gateSchema.shape.estimator.unwrap().default('snips') }).optional(),
});

export type Mapping = z.infer<typeof mappingSchema>;

/** @throws AllotError `mapping_invalid` in one line, also where there is no such file or no YAML in it */
export async function readMapping(file: string): Promise<Mapping> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'there is no such file' : 'it cannot be read';
    throw new AllotError('mapping_invalid', `--mapping ${file}: ${why}`, { cause });
  });
  return parseMapping(file, parsedYaml(file, text));
}

function parsedYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const [first] = (cause as Error).message.split('\n');
    throw new AllotError('mapping_invalid', `${file}: is not YAML: ${first.replace(/:$/, '')}`, { cause });
  }
}

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
