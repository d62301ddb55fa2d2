import { describe, expect, it } from 'vitest';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import type { DecisionEvent } from '../../../src/core/feedback/events.ts';
import { eventSchema, parseEvent } from '../../../src/service/schemas/events.ts';
import { testSecrets } from '../../support/api-world.ts';
import { goldenEvents } from '../../support/golden-events.ts';

const { read, writtenBefore, refused } = goldenEvents;
const ids = createDecisionIds(testSecrets.idKeys);
const parseText = (text: string): unknown => parseEvent(Buffer.from(text));

describe('the golden records of the event grammar', () => {
  it.each(read)('are read as they are: $title', ({ event }) => {
    expect(parseText(JSON.stringify(event))).toEqual(event);
  });

  const old = writtenBefore.flatMap(({ commit, records }) => records.map((text) => ({ commit, text })));
  it.each(old)('of $commit, written by the code of then, are read: $text', ({ text }) => {
    const event = parseText(text) as { readonly decisionId: string };
    expect(event).toEqual(JSON.parse(text));
    expect(ids.belongsTo(ids.read(event.decisionId), 'acme')).toBe(true);
  });

  it.each(refused)('are refused: $title', ({ text, field }) => {
    const expected = field === null ? {} : { violations: [expect.objectContaining({ field })] };
    expect(() => parseText(text)).toThrow(expect.objectContaining(expected));
    expect(() => parseText(text)).toThrow(/^event:/);
  });

  it('hold every field of the schema that may be null once with and once without a value', () => {
    const decisions = read.flatMap(({ event }) => (event.kind === 'decision' ? [event] : []));
    const nullable = [
      'sessionId',
      'group',
      'draw',
      'policyVersion',
      'experiment',
      'variant',
      'block',
      'fallback',
    ];
    const schema = eventSchema.options[0].shape as Record<
      string,
      { safeParse(x: unknown): { success: boolean } }
    >;
    expect(Object.keys(schema).filter((name) => schema[name].safeParse(null).success)).toEqual(nullable);
    for (const name of nullable as (keyof DecisionEvent)[]) {
      const values = decisions.map((event) => event[name] === null);
      expect([...new Set(values)].sort(), name).toEqual([false, true]);
    }
  });

  it('hold every kind of record, every fallback, every step and every type of feature', () => {
    const decisions = read.flatMap(({ event }) => (event.kind === 'decision' ? [event] : []));
    const { fallback, adjustments } = eventSchema.options[0].shape;
    const seen = <T>(values: readonly T[]): T[] => [...new Set(values)].sort();
    expect(seen(read.map(({ event }) => event.kind))).toEqual(['decision', 'exposure', 'interaction']);
    expect(seen(decisions.flatMap((event) => event.fallback ?? []))).toEqual(
      [...fallback.unwrap().options].sort(),
    );
    expect(seen(decisions.flatMap((event) => event.adjustments.map(({ kind }) => kind)))).toEqual(
      [...adjustments.element.shape.kind.options].sort(),
    );
    const typeOf = (x: unknown): string => (Array.isArray(x) ? `list of ${typeof x[0]}` : typeof x);
    expect(seen(decisions.flatMap(({ features }) => Object.values(features).map(typeOf)))).toEqual([
      'boolean',
      'list of number',
      'list of object',
      'list of undefined',
      'number',
      'string',
    ]);
  });
});
