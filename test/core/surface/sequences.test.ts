import { describe, expect, it } from 'vitest';
import { canonicalFeatures } from '../../../src/core/surface/canonical-features.ts';
import { breakingChanges, checkSurface } from '../../../src/core/surface/check-surface.ts';
import { compileFeatures, ruleOf } from '../../../src/core/surface/features.ts';
import type { FeatureSpec, SequenceFieldSpec, Surface } from '../../../src/core/surface/surface.ts';
import { surfaceDeclarationSchema } from '../../../src/service/schemas/surface.ts';
import { liveFeed } from '../support.ts';

type Sequence = Extract<FeatureSpec, { type: 'sequence' }>;

const author: FeatureSpec = { name: 'author', type: 'hashed', buckets: 100 };
const watch: SequenceFieldSpec = { name: 'watch', type: 'numeric', min: 0, max: 10 };
const kind: SequenceFieldSpec = {
  name: 'kind',
  type: 'categorical',
  values: ['live', 'short'],
  default: 'short',
};
const by: SequenceFieldSpec = { name: 'by', type: 'hashed', buckets: 100, vocabulary: 'author' };
const recent: Sequence = {
  name: 'recent',
  type: 'sequence',
  length: 2,
  fields: [watch, kind, by],
  default: [],
};
const withFeatures = (...features: FeatureSpec[]): Surface => ({
  ...liveFeed,
  features: [...liveFeed.features, ...features],
});
const event = { watch: 1, by: 'x' };

describe('declaring open vocabularies and sequences', () => {
  it('finds nothing wrong with valid ones, by core and by the schema at the edge', () => {
    const surface = withFeatures(author, recent);
    expect(checkSurface(surface)).toEqual([]);
    expect(surfaceDeclarationSchema.parse(surface).features.slice(5)).toEqual([author, recent]);
  });

  it.each<[string, FeatureSpec, string]>([
    ['one bucket', { ...author, buckets: 1 }, 'features[5].buckets'],
    ['too many buckets', { ...author, buckets: 1e7 }, 'features[5].buckets'],
    ['a vocabulary with a slash', { ...author, vocabulary: 'a/b' }, 'features[5].vocabulary'],
    ['a default that is no id', { ...author, default: 1.5 }, 'features[5].default'],
    ['no events', { ...recent, length: 0 }, 'features[5].length'],
    ['too many events', { ...recent, length: 513 }, 'features[5].length'],
    ['no fields', { ...recent, fields: [] }, 'features[5].fields'],
    ['a repeated field', { ...recent, fields: [watch, watch] }, 'features[5].fields'],
    [
      'a field called toString',
      { ...recent, fields: [{ ...watch, name: 'toString' }] },
      'features[5].fields[0].name',
    ],
    ['an empty range', { ...recent, fields: [{ ...watch, max: 0 }] }, 'features[5].fields[0].min'],
    ['a default out of range', { ...recent, default: [{ watch: 11, by: '' }] }, 'features[5].default'],
    [
      'a sequence inside a sequence',
      { ...recent, fields: [{ ...recent, default: undefined } as unknown as SequenceFieldSpec] },
      'features[5].fields[0].type',
    ],
    [
      'one vocabulary of two sizes',
      { ...recent, fields: [by, { ...by, name: 'other', buckets: 7 }] },
      'features[5].fields[1].buckets',
    ],
  ])('refuses %s', (_what, feature, field) => {
    expect(checkSurface(withFeatures(feature)).map((v) => v.field)).toContain(field);
  });
});

describe('reading them', () => {
  const reader = compileFeatures({ ...liveFeed, features: [author, recent] });

  it('takes texts, whole numbers and events, and fills in the default of the whole feature only', () => {
    const sent = { author: 42, recent: [event, { ...event, kind: 'live' }] };
    expect(reader.read(sent)).toEqual({ values: sent, defaulted: [] });
    expect(reader.read({ author: '' })).toEqual({
      values: { author: '', recent: [] },
      defaulted: ['recent'],
    });
  });

  it.each<[string, unknown, string]>([
    ['no list', {}, 'is a list of events, newest last'],
    ['more events than declared', [event, event, event], 'has at most 2 events'],
    ['an event that is none', [event, 3], 'event 1 is an object'],
    ['an event that is a list', [[1]], 'event 0 is an object'],
    ['a required field missing', [{ by: 'x' }], 'event 0 field watch is required: it has no default'],
    ['a field of another type', [{ ...event, watch: '1' }], 'event 0 field watch is a number'],
    ['a field out of range', [{ ...event, watch: 11 }], 'event 0 field watch is between 0 and 10'],
    ['a field that is null', [{ ...event, kind: null }], 'event 0 field kind is a string'],
    ['an unknown category', [{ ...event, kind: 'x' }], 'event 0 field kind is one of the declared values'],
    ['an unknown field', [{ ...event, other: 1 }], 'event 0 has only declared fields'],
  ])('refuses %s, naming event, field and rule', (_what, value, rule) => {
    expect(ruleOf(recent)(value)).toBe(rule);
    expect(() => reader.read({ author: 'a', recent: value })).toThrow(
      expect.objectContaining({ violations: [expect.objectContaining({ field: 'features.recent', rule })] }),
    );
  });

  it.each([1.5, 2 ** 53, null, true, 'x'.repeat(257), ['a']])('refuses the id %j', (value) => {
    expect(ruleOf(author)(value)).toMatch(/text of at most 256 characters or a whole number/);
  });
});

describe('changing them', () => {
  const breaks = (before: FeatureSpec, after: FeatureSpec): string[] =>
    breakingChanges(withFeatures(before), withFeatures(after)).map((v) => v.rule);

  it.each<[string, FeatureSpec, FeatureSpec]>([
    ['other buckets', author, { ...author, buckets: 101 }],
    ['another vocabulary', author, { ...author, vocabulary: 'x' }],
    ['a shorter sequence', recent, { ...recent, length: 1 }],
    ['a field less', recent, { ...recent, fields: [watch, kind] }],
    ['a required field more', recent, { ...recent, fields: [...recent.fields, { ...watch, name: 'w' }] }],
    ['a narrower field', recent, { ...recent, fields: [{ ...watch, max: 9 }, kind, by] }],
  ])('breaks with %s', (_what, before, after) => {
    expect(breaks(before, after)).toHaveLength(1);
  });

  it('does not break with longer sequences, optional fields, or the vocabulary it had', () => {
    const optional: SequenceFieldSpec = { name: 'w', type: 'numeric', min: 0, max: 1, default: 0 };
    expect(breaks(recent, { ...recent, length: 9, fields: [...recent.fields, optional] })).toEqual([]);
    expect(breaks(author, { ...author, vocabulary: 'author' })).toEqual([]);
  });
});

describe('the canonical form of features', () => {
  it('does not depend on the order of fields, nor on whether an id was a number', () => {
    const one = canonicalFeatures([author, recent], { author: 7, recent: [{ by: 3, watch: 1 }] });
    const other = canonicalFeatures([author, recent], { author: '7', recent: [{ watch: 1, by: '3' }] });
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
    expect(JSON.stringify(one)).toBe('{"author":"7","recent":[{"watch":1,"by":"3"}]}');
  });

  it('is the very object where a surface has no such features', () => {
    const values = { hour: 3 };
    expect(canonicalFeatures(liveFeed.features, values)).toBe(values);
  });
});
