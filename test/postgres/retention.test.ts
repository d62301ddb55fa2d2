import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPartitionMaintenance } from '../../src/controller/partition-maintenance.ts';
import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import { forgetUnit } from '../../src/postgres/forget-unit.ts';
import { applyRetention, makePartitionsAhead, partitionDays } from '../../src/postgres/retention.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { testSecrets } from '../support/api-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent, exposureEvent } from '../support/events.ts';

const ids = createDecisionIds([...testSecrets.idKeys]);
const DAY = 86_400_000;
let database: TestDatabase;
let stores: ReturnType<typeof createPostgresStores>;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
});
afterAll(() => database.drop());

async function storeDay(day: string, n: number): Promise<string> {
  const decidedAt = Date.parse(`${day}T12:00:00Z`);
  const random = Uint8Array.from({ length: 8 }, (_, i) => n * 7 + i);
  const decisionId = ids.mint({ timeMs: decidedAt, tenant: 'default', surface: 'live-feed', random });
  await stores.events.write({
    events: [
      decisionEvent(n, { decisionId, decidedAt }),
      // Seen two days later: it still belongs to the day of its decision.
      exposureEvent(n, { decisionId, occurredAt: decidedAt, receivedAt: decidedAt + 2 * DAY }),
    ],
    deadLetters: [{ receivedAt: decidedAt, reason: 'test', record: Buffer.from(day) }],
  });
  return decisionId;
}

describe('retention', () => {
  it('drops whole days with their feedback, and a dry run nothing', async () => {
    const old = await storeDay('2024-03-01', 1);
    const young = await storeDay('2024-03-05', 2);
    const options = { before: '2024-03-03', actor: 'cli' } as const;
    const dry = await applyRetention(database.pool, { ...options, isDryRun: true });
    expect(await stores.decisions.find('default', old)).toBeDefined();
    const report = await applyRetention(database.pool, { ...options, isDryRun: false });
    expect(report).toEqual(dry);
    // The partition of the day after was made ahead, so it goes too.
    expect(report.days).toEqual([
      { day: '2024-03-01', decisions: 1 },
      { day: '2024-03-02', decisions: 0 },
    ]);
    expect(report.deadLetters).toBe(1);
    expect(await stores.decisions.find('default', old)).toBeUndefined();
    expect((await stores.decisions.find('default', young))?.exposures).toHaveLength(1);
    const { rows } = await database.pool.query('select count(*)::integer as n from exposures');
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('keeps what keeps forgotten units away, as events may still come, for as long as any copy of them is kept', async () => {
    const day = new Date(Date.now() - 3 * DAY).toISOString().slice(0, 10);
    const decisionId = await storeDay(day, 4);
    const decision = decisionEvent(4, { decisionId, decidedAt: Date.parse(`${day}T12:00:00Z`) });
    const { tenant, unitId } = decision;
    await forgetUnit(database.pool, { tenant, unitId, actor: 'cli', isDryRun: false });
    const before = new Date(Date.now() + DAY).toISOString().slice(0, 10);
    const apply = () => applyRetention(database.pool, { before, actor: 'cli', isDryRun: false });
    expect((await apply()).forgottenUnits).toBe(0);
    for (const event of [exposureEvent(4, { decisionId }), decision]) {
      const { inserted } = await stores.events.write({ events: [event], deadLetters: [] });
      expect(inserted).toEqual({ decisions: 0, exposures: 0, interactions: 0 });
    }
    await database.pool.query(`update forgotten_units set forgotten_at = now() - interval '402 days'`);
    await database.pool.query('update forgotten_decisions set day = day - 402');
    expect((await apply()).forgottenUnits).toBe(1);
    const { rows } = await database.pool.query('select from forgotten_decisions');
    expect(rows).toEqual([]);
  });

  it('a late event of a dropped day is stored, and the next retention drops it again', async () => {
    await storeDay('2024-03-01', 3);
    const report = await applyRetention(database.pool, {
      before: '2024-03-02',
      actor: 'cli',
      isDryRun: false,
    });
    expect(report.days).toEqual([{ day: '2024-03-01', decisions: 1 }]);
  });
});

describe('partition maintenance', () => {
  it('makes the partitions of the coming days, and makes nothing twice', async () => {
    expect(await makePartitionsAhead(database.pool, '2024-12-30', 3)).toEqual({ aheadDays: 3, made: 4 });
    expect(await makePartitionsAhead(database.pool, '2024-12-30', 3)).toEqual({ aheadDays: 3, made: 0 });
    expect(await makePartitionsAhead(database.pool, '2024-12-31', 3)).toEqual({ aheadDays: 3, made: 1 });
    expect(await partitionDays(database.pool)).toContain('2025-01-03');
  });

  it('runs at the start of a controller, is counted, and survives a database that is away', async () => {
    const counted: unknown[] = [];
    let calls = 0;
    const maintenance = startPartitionMaintenance({
      makeAhead: (today, days) => {
        calls += 1;
        if (calls === 1) return Promise.reject(new Error('away'));
        return makePartitionsAhead(database.pool, today, days);
      },
      clock: () => Date.parse('2026-05-01T23:59:59Z'),
      logger: silentLogger,
      metrics: { partitionsMaintained: (made) => void counted.push(made) },
      intervalMs: 20,
    });
    while (counted.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await maintenance.stop();
    expect(counted[0]).toEqual({ aheadDays: 7, made: 8 });
  });
});
