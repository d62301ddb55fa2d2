import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventSchema, parseEvent, serializeEvent } from '../../../src/service/schemas/events.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../support/events.ts';

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe('the event grammar', () => {
  it('is published as docs/events/v1.schema.json', () => {
    expect(read('../../../docs/events/v1.schema.json')).toEqual(z.toJSONSchema(eventSchema));
  });

  it('reads every event of the golden file, unknown fields included, as it was written', () => {
    const golden = read('../../fixtures/golden/events-v1.json') as readonly unknown[];
    expect(golden.length).toBeGreaterThan(4);
    for (const event of golden) expect(parseEvent(bytes(event))).toEqual(event);
  });

  it.each([decisionEvent(1), exposureEvent(1), interactionEvent(1)])(
    'gives back what was written ($kind)',
    (event) => {
      expect(parseEvent(serializeEvent(event))).toEqual(event);
    },
  );

  it.each([
    ['propensity', { ...decisionEvent(1), propensity: 0 }],
    ['propensity', { ...decisionEvent(1), propensity: 1.5 }],
    ['draw', { ...decisionEvent(1), draw: 1 }],
    ['unitId', { ...decisionEvent(1), unitId: '' }],
    ['features.hour', { ...decisionEvent(1), features: { hour: null } }],
    ['fallback', { ...decisionEvent(1), fallback: 'luck' }],
    ['decisionId', { ...exposureEvent(1), decisionId: undefined }],
    ['value', { ...interactionEvent(1), value: '3' }],
    ['kind', { ...interactionEvent(1), kind: 'purchase' }],
    ['v', { ...interactionEvent(1), v: 2 }],
  ])('says which field breaks a rule: %s', (field, event) => {
    expect(() => parseEvent(bytes(event))).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        violations: expect.arrayContaining([expect.objectContaining({ field })]),
      }),
    );
  });

  it.each(['', '{', '[1', 'null', '7', '"text"', '[]'])('refuses %j', (text) => {
    expect(() => parseEvent(Buffer.from(text))).toThrow(/^event:/);
  });
});
