import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPartitionMaintenance } from '../../src/controller/partition-maintenance.ts';
import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import { forgetUnit } from '../../src/postgres/forget-unit.ts';
import { applyRetention, makePartitionsAhead, partitionDays } from '../../src/postgres/retention.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { replayDeadLetters } from '../../src/service/delivery/dead-letters.ts';
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
      // As an import: live events of that day are kept out anyway.
      const { inserted } = await stores.events.write({ events: [event], deadLetters: [], isImport: true });
      expect(inserted).toEqual({ decisions: 0, exposures: 0, interactions: 0 });
    }
    await database.pool.query(`update forgotten_units set forgotten_at = now() - interval '402 days'`);
    await database.pool.query('update forgotten_decisions set day = day - 402');
    expect((await apply()).forgottenUnits).toBe(1);
    const { rows } = await database.pool.query('select from forgotten_decisions');
    expect(rows).toEqual([]);
  });
});

describe('a day that retention has dropped', () => {
  const OLD = '2024-03-01';
  const none = { decisions: 0, exposures: 0, interactions: 0 };
  let late: TestDatabase;
  let lateStores: ReturnType<typeof createPostgresStores>;
  beforeAll(async () => {
    late = await createTestDatabase();
    lateStores = createPostgresStores(late.pool);
  });
  afterAll(() => late.drop());

  const eventsOf = (day: string, n: number) => {
    const decidedAt = Date.parse(`${day}T12:00:00Z`);
    const random = Uint8Array.from({ length: 8 }, (_, i) => n * 7 + i);
    const decisionId = ids.mint({ timeMs: decidedAt, tenant: 'default', surface: 'live-feed', random });
    return [decisionEvent(n, { decisionId, decidedAt }), exposureEvent(n, { decisionId })];
  };
  const apply = (before: string, isDryRun = false) =>
    applyRetention(late.pool, { before, isDryRun, actor: 'cli' });

  it('stays closed: what is late for it is counted, makes no partition, and its batch is stored', async () => {
    await lateStores.events.write({ events: eventsOf(OLD, 1), deadLetters: [] });
    await apply('2024-03-03', true);
    expect((await lateStores.events.write({ events: eventsOf(OLD, 2), deadLetters: [] })).tooLate).toEqual(
      none,
    );
    await apply('2024-03-03');
    await apply('2024-02-01'); // the limit only grows
    for (const events of [lateStores.events, createPostgresStores(late.pool).events]) {
      const batch = [...eventsOf(OLD, 3), ...eventsOf('2024-03-02', 4), ...eventsOf('2024-03-03', 5)];
      expect(await events.write({ events: batch, deadLetters: [] })).toMatchObject({
        tooLate: { decisions: 2, exposures: 2, interactions: 0 },
        forgotten: none,
      });
    }
    expect(await partitionDays(late.pool)).toEqual(['2024-03-03', '2024-03-04']);
    expect((await late.pool.query('select day::text from decisions')).rows).toEqual([{ day: '2024-03-03' }]);
  });

  it('is opened by an import until the next run, and live delivery stays out', async () => {
    const batch = eventsOf(OLD, 6);
    const { inserted } = await lateStores.events.write({ events: batch, deadLetters: [], isImport: true });
    expect(inserted).toMatchObject({ decisions: 1, exposures: 1 });
    const live = await lateStores.events.write({ events: eventsOf(OLD, 7), deadLetters: [] });
    expect(live.tooLate).toMatchObject({ decisions: 1, exposures: 1 });
    expect((await apply('2024-03-02')).days).toEqual([{ day: OLD, decisions: 1 }]);
  });

  it('gives no dead letter back', async () => {
    const record = Buffer.from(JSON.stringify(eventsOf(OLD, 8)[0]));
    const letter = { id: 'letter', receivedAt: Date.now(), reason: 'test', record };
    const outcome = await replayDeadLetters(lateStores, [letter]);
    expect(outcome).toEqual({ replayed: [], refused: [{ id: 'letter', reason: expect.any(String) }] });
    expect(outcome.refused[0].reason).toContain('retention has dropped its day');
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
