import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mentions } from '../../../src/core/feedback/mentions.ts';

it('finds a unit in every JSON that holds it, whatever its characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.jsonValue(), (name, other) => {
      expect(mentions(JSON.stringify({ other, unitId: name }), [name])).toBe(true);
    }),
  );
});

it('finds a unit whose letters are escaped one by one', () => {
  expect(mentions('{"unitId":"\\u0075-1"}', ['u-1'])).toBe(true);
});

it('takes no part of a longer id for the unit', () => {
  for (const text of ['"u-10"', '"xu-1"', '"u-1-b"', '"u-1_"', 'u-1é'])
    expect(mentions(text, ['u-1'])).toBe(false);
  for (const text of ['"u-1"', 'u-1,', 'unit u-1', ':u-1:']) expect(mentions(text, ['u-1'])).toBe(true);
});

it('takes no number of an event for a unit whose name is a number', () => {
  for (const text of ['{"hour":42,"x":[42]}', 'hour 42', '{"x":"\\u00e9 42","hour":42}'])
    expect(mentions(text, ['42'])).toBe(false);
  for (const text of ['42', '{"unitId":"42"', '{\\"unitId\\":\\"42\\"}', '{"unitId":"\\u0034\\u0032"}'])
    expect(mentions(text, ['42'])).toBe(true);
});
