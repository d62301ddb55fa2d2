import { z } from 'zod';
import { worldSchema } from './world-schema.ts';

/** The JSON Schema (draft 2020-12) of a world file: what may be written, with every default and its meaning. */
export function worldJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(worldSchema, { io: 'input' });
  return { $schema, title: 'A feed world of Allot', ...rest };
}
