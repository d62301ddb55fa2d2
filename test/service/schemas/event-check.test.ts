import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/math/random.ts';
import { isPlainEvent } from '../../../src/service/schemas/event-check.ts';
import { eventSchema } from '../../../src/service/schemas/events.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../support/events.ts';

const adjustments = [
  { kind: 'cap', name: 'daily', nullBefore: 0.1, nullAfter: 0.4 },
  { kind: 'pacing', factor: 0.5, nullBefore: 0.4, nullAfter: 0.6 },
] as const;
const events = [
  decisionEvent(1),
  decisionEvent(2, { adjustments, features: { list: [1, 2], text: '', is: true }, sessionId: 's', block: 3 }),
  decisionEvent(3, {
    draw: null,
    probabilities: [],
    fallback: 'champion',
    group: 'g',
    experiment: 'e',
    variant: 'v',
  }),
  exposureEvent(4),
  interactionEvent(5, { value: -2.5 }),
];

/** What a field might hold instead; each is right somewhere and wrong elsewhere. */
const values: readonly unknown[] = [
  ...[undefined, null, true, '', 'x', 'champion', 'cap', 0, -0, 1, -1, 0.5, 1.5, 2 ** 53, Infinity, NaN],
  ...[[], [0.5], [2], ['x'], [''], [null], [[1]], [Infinity], {}, { a: 1 }, { a: null }, { a: [1, 'x'] }],
  ...[[{ kind: 'cap', nullBefore: 0, nullAfter: 1 }], [{ kind: 'cap', nullBefore: 0, nullAfter: 2 }]],
  [{ kind: 'cap', nullBefore: 0, nullAfter: 1, name: undefined }],
  [{ kind: 'other', nullBefore: 0, nullAfter: 1 }],
];

/** One field, at any depth, taken away or holding something else. */
function mangled(event: object, random: Random): object {
  const copy = structuredClone(event);
  let place = copy as Record<string, unknown>;
  for (;;) {
    const names = Object.keys(place);
    const name = names[random.integer(names.length)];
    const inner = place[name];
    if (
      typeof inner === 'object' &&
      inner !== null &&
      Object.keys(inner).length > 0 &&
      random.uniform() < 0.5
    ) {
      place = inner as Record<string, unknown>;
      continue;
    }
    if (!Array.isArray(place) && random.uniform() < 0.2) delete place[name];
    else place[name] = structuredClone(values[random.integer(values.length)]);
    return copy;
  }
}

describe('the grammar by hand', () => {
  it('says yes to ordinary events, unknown fields included', () => {
    for (const event of events) expect(isPlainEvent({ ...event, later: { any: [] } })).toBe(true);
  });

  it('never says yes where the schema says no, on mangled events', () => {
    const random = createRandom(20261124);
    let refused = 0;
    for (let n = 0; n < 6_000; n += 1) {
      const raw = mangled(events[n % events.length], random);
      if (eventSchema.safeParse(raw).success) continue;
      refused += 1;
      expect(isPlainEvent(raw), JSON.stringify(raw)).toBe(false);
    }
    expect(refused).toBeGreaterThan(2_000);
  });

  it.each([null, undefined, 1, 'x', [], {}, { v: 1 }, { v: 1, kind: 'other' }, { v: 2, kind: 'exposure' }])(
    'leaves %j to the schema',
    (raw) => {
      expect(isPlainEvent(raw)).toBe(false);
    },
  );
});
