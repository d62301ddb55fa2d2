import { describe, expect, it } from 'vitest';
import { AllotError } from '../../../src/core/errors.ts';
import { compileFeatures } from '../../../src/core/surface/features.ts';
import { groupIndex, groupName } from '../../../src/core/surface/groups.ts';
import { liveFeed } from '../support.ts';

const reader = compileFeatures(liveFeed);

function violationsOf(raw: unknown): readonly { field: string; rule: string; value?: unknown }[] {
  try {
    reader.read(raw);
  } catch (error) {
    expect(error).toBeInstanceOf(AllotError);
    expect((error as AllotError).code).toBe('invalid_request');
    return (error as AllotError).violations;
  }
  throw new Error('nothing was refused');
}

describe('reading features', () => {
  it('takes what was sent and fills in declared defaults', () => {
    expect(reader.read({ hour: 3, tab: 'follow' })).toEqual({
      values: { hour: 3, activeDays: 0, tab: 'follow', isNew: false, embedding: [0, 0, 0] },
      defaulted: ['activeDays', 'isNew', 'embedding'],
    });
    const all = { hour: 0, activeDays: 30, tab: 'home', isNew: true, embedding: [1, -1, 0] };
    expect(reader.read(all)).toEqual({ values: all, defaulted: [] });
  });

  it.each<[string, object, string, string]>([
    ['an unknown field', { other: 1 }, 'features.other', 'is a declared feature'],
    ['a number as text', { hour: '3' }, 'features.hour', 'is a number'],
    ['null', { hour: null }, 'features.hour', 'is a number'],
    ['NaN', { hour: NaN }, 'features.hour', 'is a finite number'],
    ['infinity', { hour: -Infinity }, 'features.hour', 'is a finite number'],
    ['a number below its range', { hour: -0.1 }, 'features.hour', 'is between 0 and 23'],
    ['a number above its range', { hour: 24 }, 'features.hour', 'is between 0 and 23'],
    ['an unknown category', { tab: 'search' }, 'features.tab', 'is one of the declared values'],
    ['a category that is no text', { tab: 1 }, 'features.tab', 'is a string'],
    ['a boolean as number', { isNew: 1 }, 'features.isNew', 'is true or false'],
    ['a vector that is none', { embedding: 1 }, 'features.embedding', 'is a list of numbers'],
    ['a short vector', { embedding: [0, 0] }, 'features.embedding', 'has 3 numbers'],
    ['a vector with NaN', { embedding: [0, NaN, 0] }, 'features.embedding', 'element 1 is a finite number'],
    [
      'a vector with nothing at one place',
      { embedding: Object.assign([0, 0, 0], { 1: undefined }) },
      'features.embedding',
      'element 1 is a number',
    ],
    [
      'a vector out of range',
      { embedding: [0, 0, 2] },
      'features.embedding',
      'element 2 is between -1 and 1',
    ],
  ])('refuses %s, naming field and rule', (_what, change, field, rule) => {
    const found = violationsOf({ hour: 3, ...change });
    expect(found.map(({ field: f, rule: r }) => [f, r])).toEqual([[field, rule]]);
  });

  it('says what was sent', () => {
    expect(violationsOf({ hour: 99 })[0].value).toBe(99);
    expect(violationsOf({ hour: NaN })[0].value).toBe('NaN');
  });

  it('refuses a missing feature that has no default', () => {
    expect(violationsOf({})).toEqual([{ field: 'features.hour', rule: 'is required: it has no default' }]);
    expect(violationsOf(undefined)).toHaveLength(1);
  });

  it('names every violation at once, and not endlessly many', () => {
    const fields = violationsOf({ tab: 'x', isNew: 0, other: 1 }).map((v) => v.field);
    expect(fields).toEqual(['features.hour', 'features.tab', 'features.isNew', 'features.other']);
    const flood = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]));
    expect(violationsOf(flood)).toHaveLength(100);
  });

  it.each([[[]], [null], ['text'], [7]])('refuses features that are %j', (raw) => {
    expect(violationsOf(raw)[0].field).toBe('features');
  });

  it('is not fooled by names that objects inherit, and pollutes nothing', () => {
    const raw = JSON.parse('{"hour": 1, "__proto__": {"tab": "x"}, "constructor": 1}') as unknown;
    expect(violationsOf(raw).map((v) => v.field)).toEqual(['features.__proto__', 'features.constructor']);
    const inherited = Object.create({ hour: 5 }) as object;
    expect(violationsOf(inherited)[0].field).toBe('features.hour');
    expect(({} as Record<string, unknown>)['tab']).toBeUndefined();
    const evil = { ...liveFeed, features: [{ name: '__proto__', type: 'boolean' } as const] };
    expect(() => compileFeatures(evil)).toThrow(expect.objectContaining({ code: 'surface_invalid' }));
  });
});

describe('activity groups', () => {
  const groups = liveFeed.groups;
  it.each([
    [-5, 1, 'low'],
    [2.999, 1, 'low'],
    [3, 2, 'mid'],
    [9.999, 2, 'mid'],
    [10, 3, 'high'],
    [1e9, 3, 'high'],
  ])('puts %d into group %d, %s', (activeDays, index, name) => {
    expect(groupIndex(groups, { activeDays }, [])).toBe(index);
    expect(groupName(groups, { activeDays }, [])).toBe(name);
  });

  it('falls back to group 0 for a defaulted, missing or unfit value, and never throws', () => {
    expect(groupIndex(groups, { activeDays: 20 }, ['activeDays'])).toBe(0);
    expect(groupIndex(groups, {}, [])).toBe(0);
    expect(groupIndex(groups, { activeDays: 'x' }, [])).toBe(0);
    expect(groupIndex(groups, { activeDays: NaN }, [])).toBe(0);
    expect(groupName(groups, {}, [])).toBe('unknown');
    expect([groupIndex(null, {}, []), groupName(null, {}, [])]).toEqual([0, null]);
  });
});
