import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExposureEvent, InteractionEvent } from '../../../src/core/feedback/events.ts';
import { joinResponses } from '../../../src/core/feedback/join.ts';
import { SESSION_CLOSED } from '../../../src/core/surface/surface.ts';
import { liveFeed } from '../support.ts';

const T0 = 1_700_000_000_000;
const LATER = T0 + 3_600_000;
let next = 0;

const interaction = (type: string, seconds: number, value = 1, eventId = `i${next++}`): InteractionEvent => ({
  v: 1,
  kind: 'interaction',
  eventId,
  tenant: 't',
  decisionId: 'd',
  type,
  value,
  occurredAt: T0 + seconds * 1000,
  receivedAt: T0 + seconds * 1000,
});

const exposure: ExposureEvent = {
  v: 1,
  kind: 'exposure',
  eventId: 'x',
  tenant: 't',
  decisionId: 'd',
  occurredAt: T0 + 1000,
  receivedAt: T0 + 1000,
};

const join = (interactions: InteractionEvent[], asOf = LATER, closed = false, surface = liveFeed) =>
  joinResponses(surface, { decision: { decidedAt: T0 }, exposures: [], interactions }, asOf, closed);

describe('joining responses to a decision', () => {
  it('aggregates each response over its own window', () => {
    const joined = join([
      interaction('watch_ms', 0, 100),
      interaction('watch_ms', 40, 200),
      interaction('watch_ms', 60, 50),
      interaction('like', 599),
    ]);
    expect(joined.responses).toEqual({ watch: 350, like: 1, longest: 100 });
    expect(joined.lateEvents).toBe(0);
  });

  it('counts events after their window or before the decision and leaves them out', () => {
    const joined = join([
      interaction('watch_ms', 61, 500),
      interaction('watch_ms', -1, 500),
      interaction('like', 601),
      interaction('unknown', 5000),
    ]);
    expect(joined.responses).toEqual({ watch: 0, like: 0, longest: 0 });
    expect(joined.lateEvents).toBe(3);
  });

  it('counts an event id once, however often it arrives', () => {
    const twice = interaction('watch_ms', 10, 100, 'same');
    expect(join([twice, { ...twice }, interaction('watch_ms', 11, 1)]).responses['watch']).toBe(101);
    const late = interaction('watch_ms', 100, 1, 'late');
    expect(join([late, { ...late }]).lateEvents).toBe(1);
  });

  it('limits a response to its declared range', () => {
    const joined = join([interaction('watch_ms', 1, 900), interaction('watch_ms', 2, 900)]);
    expect(joined.responses).toMatchObject({ watch: 1000, longest: 900 });
  });

  it('is mature exactly when the longest window has passed', () => {
    expect(join([], T0 + 600_000 - 1).isMature).toBe(false);
    expect(join([], T0 + 600_000).isMature).toBe(true);
  });

  it('never takes a missing outcome for its default before the row is complete', () => {
    expect(join([interaction('like', 1)], T0 + 5000)).toMatchObject({
      isComplete: false,
      responses: { like: 1 },
    });
    expect(join([], T0 + 5000).responses).toEqual({});
    expect(join([], LATER).responses).toEqual({ watch: 0, like: 0, longest: 0 });
  });

  it('waits for the end of the session where the surface demands it', () => {
    const strict = { ...liveFeed, completeness: 'session-closed' } as const;
    expect(join([], LATER, false, strict)).toMatchObject({
      isMature: true,
      isComplete: false,
      responses: {},
    });
    expect(join([], LATER, true, strict).isComplete).toBe(true);
    expect(join([], T0 + 1, true, strict).isComplete).toBe(false);
    expect(join([interaction(SESSION_CLOSED, 9)], LATER, false, strict).isComplete).toBe(true);
  });

  it('takes exposures alone as evidence of delivery', () => {
    const decision = { decidedAt: T0 };
    const seen = joinResponses(liveFeed, { decision, exposures: [exposure], interactions: [] }, LATER, false);
    expect(seen.isDelivered).toBe(true);
    expect(join([interaction('like', 1)]).isDelivered).toBe(false);
  });

  it('does not depend on the order of events', () => {
    const events = Array.from({ length: 12 }, (_, i) => interaction('watch_ms', i * 7, 0.1 * i, `e${i}`));
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
        expect(join(shuffled)).toEqual(join(events));
      }),
      { seed: 1, numRuns: 50 },
    );
  });
});
