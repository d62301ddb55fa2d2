import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { limitsOf } from '../../offline/learning/multipliers/limits.ts';
import { surfaceMetrics } from '../../src/core/experiment/surface-metrics.ts';
import { checkSurface } from '../../src/core/surface/check-surface.ts';
import { surfaceDeclarationSchema, surfaceOf } from '../../src/service/schemas/surface.ts';
import { tableRows } from '../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs/surfaces.md'), 'utf8');
const example = readFileSync(join(root, 'docs/examples/live-feed.yaml'), 'utf8');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
}

const { $defs } = z.toJSONSchema(surfaceDeclarationSchema, { io: 'input' });
const schema = $defs?.['SurfaceDeclaration'] as Schema;
const alternatives = (of: Schema): readonly Schema[] => of.anyOf ?? of.oneOf ?? [of];

/** The object behind a field, whether it may be null, is one of a list, or both. */
function objectOf(field: string): Schema {
  const of = schema.properties?.[field] ?? {};
  return alternatives(of.items ?? of)[0] ?? {};
}

/** Field and default of each row, where the schema has a default that is not an object of its own. */
function declared(of: Schema): (readonly [string, string | null])[] {
  return Object.entries(of.properties ?? {}).map(([name, { default: value }]) => {
    if (of.required?.includes(name) === true) return [name, 'required'];
    const isTold = value !== undefined && name !== 'gate';
    return [name, isTold ? JSON.stringify(value) : null];
  });
}

/** Every name and word that the schema knows, at any depth. */
function words(of: Schema): readonly string[] {
  const own = [...(of.enum ?? []), of.const].filter((word) => typeof word === 'string');
  const fields = Object.entries(of.properties ?? {}).flatMap(([name, field]) => [name, ...words(field)]);
  const inner = [...(of.anyOf ?? []), ...(of.oneOf ?? []), ...(of.items === undefined ? [] : [of.items])];
  return [...own, ...fields, ...inner.flatMap(words)];
}

describe('docs/surfaces.md', () => {
  it('shows the example file as it is, and the example keeps every rule', () => {
    expect(page).toContain(`\`\`\`yaml\n${example}\`\`\``);
    expect(checkSurface(surfaceOf(surfaceDeclarationSchema.parse(parse(example)), 'live-feed'))).toEqual([]);
  });

  it('says truly where the limits of the example go', () => {
    const surface = surfaceOf(surfaceDeclarationSchema.parse(parse(example)), 'live-feed');
    expect(limitsOf(surface, null, new Map()).map(({ on, threshold }) => [on, threshold])).toEqual([
      ['share-of-actions', 0.12],
      ['hide', 0.01],
    ]);
    expect(surfaceMetrics(surface).map(({ name, role }) => [name, role])).toEqual([
      ['live_seconds', 'main'],
      ['app_seconds', 'guardrail'],
      ['live-share', 'guardrail'],
      ['hide-rate', 'guardrail'],
    ]);
  });

  it.each([
    ['field', schema],
    ['group', objectOf('groups')],
    ['response', objectOf('responses')],
    ['constraint', objectOf('constraints')],
    ['cap', objectOf('caps')],
    ['pacing', objectOf('pacing')],
    ['gate', objectOf('gate')],
  ])('lists every %s with its default', (column, of) => {
    const rows = tableRows(page, column);
    const wanted = declared(of);
    expect(rows.map(([name]) => name)).toEqual(wanted.map(([name]) => name));
    wanted.forEach(([name, value], i) => {
      if (value !== null) expect(rows[i]?.[1], name).toBe(value);
    });
  });

  it('names every type of feature with its fields', () => {
    const types = alternatives(schema.properties?.['features']?.items ?? {});
    const rows = new Map(tableRows(page, 'feature').map(([type, fields]) => [type, fields]));
    for (const { properties = {} } of types) {
      const { type, ...fields } = properties;
      expect(rows.get(String(type?.const)), String(type?.const)).toBe(Object.keys(fields).join(', '));
    }
    expect(rows.size).toBe(types.length);
  });

  it('names every word that a declaration may hold', () => {
    const known = [...new Set(words(schema))];
    expect(known.length).toBeGreaterThan(50);
    expect(known.filter((word) => !page.includes(word))).toEqual([]);
  });
});
