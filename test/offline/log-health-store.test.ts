import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLogHealth, type LogHealthReport } from '../../offline/log-health.ts';
import type { DecisionEvent, LogEvent } from '../../src/core/feedback/events.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { actorOf, feedSurface, mintId } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../support/events.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const SECOND = 1_000;
const WINDOW = 60 * SECOND;
const surface: Surface = feedSurface({
  features: [],
  responses: [
    {
      ...{ name: 'watch', interaction: 'watch', role: 'main', aggregate: 'sum', unit: 'ms' },
      ...{ min: 0, max: 1e6, windowSeconds: WINDOW / SECOND, default: 0 },
    },
  ],
});

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let n = 0;
let tenants = 0;

/** Writes what `plant` makes into PostgreSQL and reads the health of it at a time. */
async function healthOf(
  plant: (make: ReturnType<typeof makers>) => readonly LogEvent[],
  asOf = NOON + 86_400 * SECOND,
): Promise<LogHealthReport> {
  const stores = createPostgresStores(database.pool);
  const tenant = `log-health-${String((tenants += 1))}`;
  await stores.surfaces.declare(surface, actorOf(tenant));
  await stores.events.write({ events: plant(makers(tenant)), deadLetters: [] });
  return await readLogHealth({
    reader: stores.decisions,
    ...{ tenant, surface, from: NOON, until: NOON + 3_600 * SECOND, asOf },
  });
}

function makers(tenant: string) {
  return {
    decision(secondsIn: number, changes: Partial<DecisionEvent> = {}): DecisionEvent {
      const decidedAt = NOON + secondsIn * SECOND;
      const of = { tenant, decidedAt, decisionId: mintId(tenant, decidedAt), features: {} };
      n += 1;
      return decisionEvent(n, { ...of, unitId: `unit-${String(n)}`, ...changes });
    },
    seen: ({ decisionId, decidedAt }: DecisionEvent, after = SECOND): LogEvent =>
      exposureEvent((n += 1), { tenant, decisionId, occurredAt: decidedAt + after }),
    watched: ({ decisionId, decidedAt }: DecisionEvent, after: number, arrivesAfter = after): LogEvent =>
      interactionEvent((n += 1), {
        ...{ tenant, decisionId, occurredAt: decidedAt + after, receivedAt: decidedAt + arrivesAfter },
      }),
  };
}

describe('the health of a log in PostgreSQL, with planted events', () => {
  it('feedback whose decision is not stored is an orphan', async () => {
    const report = await healthOf(({ decision, seen, watched }) => {
      const [stored, missing] = [decision(0), decision(1)];
      return [seen(stored), seen(missing), watched(missing, SECOND), stored];
    });
    expect(report).toMatchObject({ decisions: 1, kept: 1, orphans: 2, lossShare: 2 / 3 });
    expect(report.findings.join()).toContain('2 events whose decision is not stored');
  });

  it('an event after the window is late and leaves the default outcome in place', async () => {
    const report = await healthOf(({ decision, seen, watched }) => {
      const [late, none, inTime] = [decision(0), decision(1), decision(2)];
      return [
        late,
        none,
        inTime,
        ...[late, none, inTime].map((d) => seen(d)),
        watched(late, WINDOW + 1),
      ].concat(watched(inTime, WINDOW));
    });
    expect(report).toMatchObject({ kept: 3, lateEvents: 1, lateArrivals: 0, defaultOutcomes: { watch: 2 } });
  });

  it('an event of the window that arrives when it has closed is used, and counted', async () => {
    const report = await healthOf(({ decision, seen, watched }) => {
      const decided = decision(0);
      return [decided, seen(decided), watched(decided, SECOND, WINDOW + 1)];
    });
    expect(report).toMatchObject({ kept: 1, lateEvents: 0, lateArrivals: 1, defaultOutcomes: { watch: 0 } });
  });

  it('of twins the exposed ones are left out; one that was never shown harms nobody', async () => {
    const report = await healthOf(({ decision, seen }) => {
      const both = [0, 1].map((s) => decision(s, { unitId: 'u', requestId: 'shown twice' }));
      const one = [2, 3].map((s) => decision(s, { unitId: 'v', requestId: 'shown once' }));
      return [...both, ...one, ...both.map((d) => seen(d)), seen(one[0])];
    });
    expect(report).toMatchObject({ decisions: 4, kept: 1, twins: 2, undeliveredTwins: 1, undelivered: 1 });
  });

  it('an activation is pending while the window is open, and then never came', async () => {
    const plant = ({ decision, seen }: ReturnType<typeof makers>): LogEvent[] => {
      const [old, fresh, shown] = [decision(0), decision(50), decision(0)];
      return [old, fresh, shown, seen(shown)];
    };
    const during = await healthOf(plant, NOON + WINDOW);
    expect(during).toMatchObject({ undelivered: 2, pendingActivations: 1, kept: 1, immature: 0 });
    const afterwards = await healthOf(plant);
    expect(afterwards).toMatchObject({ undelivered: 2, pendingActivations: 0, kept: 1 });
  });

  it('transitions follow the order of real exposures inside a session', async () => {
    const report = await healthOf(({ decision, seen }) => {
      const of = { unitId: 'u', sessionId: 's' };
      const [first, second, third, other] = [
        ...[0, 10, 20].map((s) => decision(s, of)),
        decision(30, { unitId: 'u', sessionId: 'another' }),
      ];
      // The third was never shown: it is no step of the session.
      return [first, second, third, other, seen(first, 15 * SECOND), seen(second), seen(other)];
    });
    expect(report).toMatchObject({ kept: 3, undelivered: 1, transitions: 1, sessionEnds: 2 });
  });

  it('of an empty log every count is 0, and nothing is claimed', async () => {
    const report = await healthOf(() => []);
    expect(report).toMatchObject({ decisions: 0, kept: 0, orphans: 0, lossShare: null, transitions: 0 });
    expect(report).toMatchObject({ lateEvents: 0, lateArrivals: 0, twins: 0, pendingActivations: 0 });
    expect(report.delayQuantilesSeconds).toBeNull();
  });
});
