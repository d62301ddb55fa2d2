import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { parseEvent, serializeEvent } from '../../src/service/schemas/events.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Any UTF-16 at all, the characters that PostgreSQL refuses more often than chance would. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('\u0000', '\ud800', '\udfff', '\ud83c\udf88', '"', '\\', '\u2028', 'a'),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((characters) => characters.join(''));
const id = fc.oneof(fc.uuid(), text);
const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });

const declaration = {
  ...liveFeed,
  features: [
    { name: 'author', type: 'hashed' as const, buckets: 20, default: '' },
    { name: 'size', type: 'numeric' as const, min: -1e300, max: 1e300, default: 0 },
    {
      name: 'recent',
      type: 'sequence' as const,
      length: 2,
      fields: [{ name: 'author', type: 'hashed' as const, buckets: 20 }],
      default: [],
    },
  ],
  responses: [{ ...liveFeed.responses[0], min: -1e300, max: 1e300 }, liveFeed.responses[1]],
};

describe('what the api accepts', () => {
  let database: TestDatabase;
  let world: ApiWorld;
  beforeAll(async () => {
    database = await createTestDatabase();
    world = await createApiWorld();
    await world.declare(declaration);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  /** Null for what is refused by a rule. */
  function accepted<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (error instanceof AllotError && !error.retryable) return null;
      throw error;
    }
  }

  it('can be stored, every event of it, by a real PostgreSQL', async () => {
    const request = fc.record(
      {
        requestId: id,
        unitId: id,
        sessionId: fc.option(id),
        author: id,
        size: number,
        recent: fc.array(fc.record({ author: id }), { maxLength: 2 }),
        eventId: id,
        type: fc.constantFrom('watchMs', 'hide', 'session_closed', '\u0000'),
        value: number,
      },
      { noNullPrototype: true },
    );
    let refused = 0;
    for (const one of fc.sample(request, { numRuns: 400, seed: 20261124 })) {
      const { requestId, unitId, sessionId, author, size, recent, eventId, type, value } = one;
      const body = { requestId, surface: 'live-feed', unitId, sessionId, features: { author, size, recent } };
      const answer = accepted(() => world.serving.decide(body, world.admin));
      if (answer === null) {
        refused += 1;
        continue;
      }
      const { decisionId } = answer;
      accepted(() => world.services.feedback.exposures({ eventId, decisionId }, world.admin));
      accepted(() => world.services.feedback.interactions({ eventId, decisionId, type, value }, world.admin));
    }
    const events = world.journal.events.map((event) => parseEvent(serializeEvent(event)));
    expect(refused).toBeGreaterThan(20);
    expect(new Set(events.map(({ kind }) => kind)).size).toBe(3);
    const { inserted, duplicates } = await createPostgresStores(database.pool).events.write({
      events,
      deadLetters: [],
    });
    const sum = (counts: typeof inserted): number => Object.values(counts).reduce((a, b) => a + b, 0);
    expect(sum(inserted) + sum(duplicates)).toBe(events.length);
    expect(inserted.decisions).toBeGreaterThan(50);
  });
});
