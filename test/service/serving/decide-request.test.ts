import { describe, expect, it } from 'vitest';
import { AllotError } from '../../../src/core/errors.ts';
import { checkDecideRequest, readEligible } from '../../../src/service/serving/decide-request.ts';

const actions = new Map([
  ['none', 0],
  ['live', 1],
]);

const violationsOf = (work: () => unknown): AllotError['violations'] => {
  try {
    work();
  } catch (error) {
    if (error instanceof AllotError) return error.violations;
    throw error;
  }
  return [];
};

/** A list of a million entries that counts how many of them are looked at. */
function watched(entry: unknown): { readonly list: readonly unknown[]; readonly looks: () => number } {
  let looks = 0;
  const list = new Proxy(new Array<unknown>(1_000_000).fill(entry), {
    get(target, property, receiver): unknown {
      if (typeof property === 'string' && /^\d+$/.test(property)) looks += 1;
      return Reflect.get(target, property, receiver) as unknown;
    },
  });
  return { list, looks: () => looks };
}

describe('a refusal on the decide path costs little, whatever was sent', () => {
  it.each<[string, unknown]>([
    ['of no action', 1],
    ['of one action a million times', 'live'],
  ])('a list of eligible actions %s is not walked through', (_, entry) => {
    const { list, looks } = watched(entry);
    const violations = violationsOf(() => readEligible(list, actions, 0));
    expect(violations).toEqual([
      { field: 'eligibleActions', rule: 'must name at most the 2 actions of the surface', value: 1_000_000 },
    ]);
    expect(looks()).toBe(0);
  });

  it('of a surface with thousands of actions the first twenty that are wrong are told', () => {
    const many = new Map(Array.from({ length: 5000 }, (_, i) => [`a${String(i)}`, i]));
    const wrong = Array.from({ length: 5000 }, (_, i) => `b${String(i)}`);
    expect(violationsOf(() => readEligible(wrong, many, 0))).toHaveLength(20);
  });

  it('of fields that are not known the first twenty are told', () => {
    const flood = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`f${String(i)}`, i]));
    const request = { requestId: 'r', surface: 's', unitId: 'u' };
    expect(violationsOf(() => checkDecideRequest({ ...request, ...flood }))).toHaveLength(20);
  });
});
