import fc from 'fast-check';
import { expect, it } from 'vitest';
import { claimsOf } from '../../../src/core/feedback/record-claims.ts';

it('reads the names that an event of any version gives itself, and nothing else of it', () => {
  const event = {
    v: 9,
    tenant: 'a',
    unitId: 'u-1',
    decisionId: 'd-1',
    action: 'u-2',
    features: { x: 'u-3' },
  };
  expect(claimsOf(JSON.stringify(event))).toEqual({ tenant: 'a', unitIds: ['u-1'], decisionIds: ['d-1'] });
  expect(claimsOf('{"unitId":17}')).toEqual({ tenant: null, unitIds: ['17'], decisionIds: [] });
  expect(claimsOf('{"tenant":"a","decisionId":"d-1"}')).toMatchObject({ unitIds: [], decisionIds: ['d-1'] });
});

it('takes every text for a name where a record has neither, and says nothing of what is no JSON', () => {
  expect(claimsOf('{"tenant":"a","unit_id":"u-1","n":4}')?.unitIds).toContain('u-1');
  expect(claimsOf('[{"unitId":"u-1"}]')?.unitIds).toContain('u-1');
  expect(claimsOf('{"unitId":"u-1"')).toBeNull();
});

it('reads any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(claimsOf(JSON.stringify(value))).not.toBeNull();
    }),
  );
});

it('takes each text once, none that is too long for a name, and only those for decision ids that have their length', () => {
  const id = 'a'.repeat(50);
  const value = ['u-1', 'u-1', id, 'x'.repeat(257)];
  expect(claimsOf(JSON.stringify(value))).toEqual({ tenant: null, unitIds: [id, 'u-1'], decisionIds: [id] });
});

it('tells nothing from a record of endless texts, whose question would hold up ingest', () => {
  const texts = (count: number): string =>
    JSON.stringify(Array.from({ length: count }, (_, n) => `t${String(n)}`));
  expect(claimsOf(texts(10_000))?.unitIds).toHaveLength(10_000);
  expect(claimsOf(texts(10_001))).toBeNull();
});

it('reads records that are nested without end', () => {
  const deep = `${'['.repeat(100_000)}"u-1"${']'.repeat(100_000)}`;
  expect(claimsOf(deep)?.unitIds).toEqual(['u-1']);
  expect(claimsOf(`{"tenant":"a","unitId":"u-1","x":${deep}}`)).toMatchObject({
    tenant: 'a',
    unitIds: ['u-1'],
  });
});
