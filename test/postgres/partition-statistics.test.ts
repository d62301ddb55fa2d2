import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import { createJoinReader } from '../../src/postgres/join-reader.ts';
import { ensureStatistics } from '../../src/postgres/partition-statistics.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { testSecrets } from '../support/api-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent, exposureEvent } from '../support/events.ts';

const ids = createDecisionIds([...testSecrets.idKeys]);
const DAY = '2026-03-05';
const NEXT = '2026-03-06';
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function store(day: string): Promise<number> {
  const decidedAt = Date.parse(`${day}T12:00:00Z`);
  const random = new Uint8Array(8);
  const decisionId = ids.mint({ timeMs: decidedAt, tenant: 'default', surface: 'live-feed', random });
  const events = [
    decisionEvent(1, { decisionId, decidedAt }),
    exposureEvent(1, { decisionId, eventId: `exposure-of-${day}` }),
  ];
  await createPostgresStores(database.pool).events.write({ events, deadLetters: [] });
  return decidedAt;
}

describe('statistics of partitions', () => {
  it('are made once, for the days that are asked for and hold rows', async () => {
    await store(DAY);
    await store(NEXT);
    const made = await ensureStatistics(database.pool, DAY, DAY);
    expect(made).toEqual(['public.decisions_20260305', 'public.exposures_20260305']);
    expect(await ensureStatistics(database.pool, DAY, DAY)).toEqual([]);
    const both = await ensureStatistics(database.pool, DAY, NEXT);
    expect(both).toEqual(['public.decisions_20260306', 'public.exposures_20260306']);
  });

  it('exist before a join of many decisions', async () => {
    const at = await store('2026-03-07');
    await createJoinReader(database.pool).pending({ from: at, until: at + 1 }, 10);
    expect(await ensureStatistics(database.pool, '2026-03-07', '2026-03-07')).toEqual([]);
  });
});
