import { describe, expect, it } from 'vitest';
import type { Adjustment, DecisionEvent } from '../../src/core/feedback/events.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { parseEvent } from '../../src/service/schemas/events.ts';
import { answerOf, answerText } from '../../src/service/serving/decide-answer.ts';
import { compileEventText } from '../../src/service/serving/event-text.ts';
import { quote } from '../../src/service/serving/json-text.ts';

const surface: Surface = {
  name: 'live-feed',
  schemaVersion: 3,
  actions: ['none', 'live', 'video'],
  nullAction: 'none',
  features: [
    { name: 'hour', type: 'numeric', min: -1e9, max: 1e9 },
    { name: 'country', type: 'categorical', values: ['D"E', 'ü\u2028'] },
    { name: 'isNew', type: 'boolean' },
    { name: 'embedding', type: 'vector', length: 3, min: -1, max: 1 },
  ],
  responses: [],
  constraints: [],
  groups: null,
  caps: [],
  pacing: null,
  explorationFloor: 0,
} as unknown as Surface;

const texts = ['plain', 'quo"te', 'back\\slash', 'new\nline', 'emoji 🎈', '</script>', '\u2028'];

/** As `serveProbabilities` makes them. */
const adjustments: readonly Adjustment[] = [
  { kind: 'cap', name: 'twi"ce', nullBefore: 0.1, nullAfter: 0.9 },
  { kind: 'eligibility', nullBefore: 0, nullAfter: 1e-7 },
  { kind: 'pacing', factor: 0.5, nullBefore: 0.25, nullAfter: 0.625 },
  { kind: 'exploration-floor', factor: 0.02, nullBefore: 0.3, nullAfter: 0.304 },
];

function eventOf(seed: number): DecisionEvent {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
  const number = (): number => pick([0, -0, 1, -1, 1e-7, 1e21, 5e-324, random.normal(), random.uniform()]);
  return {
    v: 1,
    kind: 'decision',
    decisionId: '01'.repeat(25),
    tenant: 'te"nant',
    surface: 'live-feed',
    schemaVersion: 3,
    requestId: pick(texts),
    unitId: pick(texts),
    sessionId: pick([null, ...texts]),
    decidedAt: 1_700_000_000_000 + seed,
    features: {
      hour: number(),
      country: pick(['D"E', 'ü\u2028']),
      isNew: pick([true, false]),
      embedding: [number(), number(), number()],
    },
    defaultedFeatures: pick([[], ['hour'], ['hour', 'isNew']]),
    group: pick([null, 'high']),
    eligibleActions: pick([surface.actions, ['none', 'live']]),
    action: pick(surface.actions),
    propensity: random.uniform(),
    probabilities: [random.uniform(), 0, 1],
    draw: pick([null, random.uniform()]),
    policyVersion: pick([null, 'live-feed@1']),
    experiment: pick([null, 'e"1']),
    variant: pick([null, 'treatment']),
    block: pick([null, 0, 4]),
    adjustments: pick([[], [adjustments[0]], adjustments]),
    fallback: pick([null, 'killed']),
    isForced: pick([true, false]),
  };
}

describe('the JSON of a decision', () => {
  const textOf = compileEventText({ tenant: 'te"nant', surface });

  it('is that of JSON.stringify, character by character, whatever is in it', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const event = eventOf(seed);
      expect(textOf(event)).toBe(JSON.stringify(event));
    }
  });

  it('has the features in their declared order, whatever order they were sent in', () => {
    const { hour, ...rest } = eventOf(1).features;
    const event = { ...eventOf(1), features: { ...rest, hour } };
    expect(textOf(event)).toBe(textOf(eventOf(1)));
    expect(JSON.parse(textOf(event))).toEqual(JSON.parse(JSON.stringify(event)));
  });

  it('is read back by the grammar of the log', () => {
    const event = { ...eventOf(2), features: { hour: 1, country: 'D"E', isNew: true, embedding: [0, 1, 0] } };
    expect(parseEvent(new TextEncoder().encode(textOf(event)))).toEqual(JSON.parse(JSON.stringify(event)));
  });
});

describe('the JSON of an answer', () => {
  it('is that of JSON.stringify, character by character, whatever is in it', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const answer = answerOf(eventOf(seed), ['no"ne', '1', 'video']);
      expect(answerText(answer)).toBe(JSON.stringify(answer));
    }
  });
});

describe('a text as JSON', () => {
  it('is that of JSON.stringify for every UTF-16 unit, alone and inside', () => {
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const character = String.fromCharCode(unit);
      if (quote(`a${character}`) !== JSON.stringify(`a${character}`)) expect.fail(`unit ${String(unit)}`);
    }
    for (const text of [...texts, null]) expect(quote(text)).toBe(JSON.stringify(text));
  });
});
