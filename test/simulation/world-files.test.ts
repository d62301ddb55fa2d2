import { readdirSync, readFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { worldJsonSchema } from '../../src/simulation/json-schema.ts';
import { parseWorld } from '../../src/simulation/parse-world.ts';
import { trueValues } from '../../src/simulation/true-value.ts';
import { defaultFeedWorld } from '../../src/simulation/world.ts';
import { fieldTables } from './field-table.ts';

const docs = new URL('../../docs/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, docs), 'utf8');
const json = (name: string): unknown => JSON.parse(read(`worlds/${name}`));
const worlds = readdirSync(new URL('worlds/', docs)).filter((name) => !name.includes('schema'));

function refusal(raw: unknown): AllotError {
  try {
    parseWorld(raw);
  } catch (error) {
    if (error instanceof AllotError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('the published worlds', () => {
  it('have the schema that the code has (allot simulate --schema)', () => {
    expect(json('world.schema.json')).toEqual(JSON.parse(JSON.stringify(worldJsonSchema())));
  });

  it('are explained field by field in docs/worlds.md, as the schema says', async () => {
    const page = read('worlds.md');
    const tables = await format(fieldTables(worldJsonSchema()), { parser: 'markdown', printWidth: 110 });
    expect(page).toContain(tables.trim());
  });

  it('default.json is what a world without a field is, demo.json the world of the demo', () => {
    const { $schema: _one, ...written } = json('default.json') as Record<string, unknown>;
    expect(parseWorld({})).toEqual(written);
    expect(parseWorld(json('default.json'))).toMatchObject(parseWorld({}));
    const { $schema: _two, ...demo } = json('demo.json') as Record<string, unknown>;
    expect(demo).toEqual(defaultFeedWorld);
  });

  it.each(worlds)('%s can be read, runs and is called what its file is', (name) => {
    const world = parseWorld(json(name));
    const value = (live: number) =>
      trueValues(world, () => live, { units: 150, random: createRandom(1) }).get('watch_seconds')!;
    for (const live of [0, 1]) expect(value(live).perSession.value).toBeGreaterThan(0);
    expect(world.name).toBe(name.replace('.json', ''));
  });
});

describe('a world file', () => {
  it('may leave out anything, section by section and field by field', () => {
    const world = parseWorld({ live: { enterFatigue: 3 }, days: {} });
    expect(world).toEqual({ ...parseWorld({}), live: { ...parseWorld({}).live, enterFatigue: 3 } });
  });

  it('is refused with every broken rule: field, rule and value', () => {
    const { code, violations } = refusal({
      live: { enterIntrcept: 1, watchMedianSeconds: -5 },
      weather: 'fine',
      propensityLog: { fault: 'secret' },
    });
    expect(code).toBe('config_invalid');
    expect(violations.map(({ field, value }) => [field, value])).toEqual([
      ['live.watchMedianSeconds', -5],
      ['live.enterIntrcept', 1],
      ['propensityLog.fault', 'secret'],
      ['weather', 'fine'],
    ]);
    for (const { rule } of violations) expect(rule).not.toBe('');
  });

  it.each([
    ['groups', { groups: [{ name: 'a', share: 0.4, activityDays: { min: 0, max: 30 } }] }],
    [
      'groups[1].activityDays.min',
      {
        groups: [
          { name: 'a', share: 0.5, activityDays: { min: 0, max: 9 } },
          { name: 'b', share: 0.5, activityDays: { min: 9, max: 30 } },
        ],
      },
    ],
    ['groups[0].name', { groups: [{ name: 'unknown', share: 1, activityDays: { min: 0, max: 30 } }] }],
    ['short.skimShare', { short: { zeroShare: 0.6, skimShare: 0.6 } }],
    ['behavior.min', { behavior: { min: 0.8, max: 0.2 } }],
    ['live.watchCapSeconds', { live: { watchCapSeconds: 1801 } }],
    ['positions.count', { positions: { count: 1.5 } }],
    ['(world)', []],
  ])('names %s', (field, raw) => {
    expect(refusal(raw).violations.map((v) => v.field)).toContain(field);
  });
});
