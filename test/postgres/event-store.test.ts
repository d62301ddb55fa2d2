import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPool } from '../../src/postgres/database.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { mintId, newTenant } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent } from '../support/events.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const decisionAt = (tenant: string, decidedAt: number, n = 0) =>
  decisionEvent(n, { tenant, decidedAt, decisionId: mintId(tenant, decidedAt) });

async function partitions(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent = 'decisions'::regclass order by name`,
  );
  return rows.map((row) => row.name);
}

it("makes tomorrow's partition with today's, so that midnight finds its table ready", async () => {
  const { events } = createPostgresStores(database.pool);
  const evening = Date.UTC(2030, 11, 31, 23, 59);
  await events.write({ events: [decisionAt(newTenant(), evening)], deadLetters: [] });
  expect(await partitions()).toEqual(['decisions_20301231', 'decisions_20310101']);
  await events.write({ events: [decisionAt(newTenant(), evening + 60_000)], deadLetters: [] });
  expect(await partitions()).toEqual(['decisions_20301231', 'decisions_20310101', 'decisions_20310102']);
});

it('makes a partition while others read and write the same table', async () => {
  const tenant = newTenant();
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query('select count(*) from decisions');
    await client.query(`select from decisions for update`);
    const { events } = createPostgresStores(database.pool);
    const written = await events.write({
      events: [decisionAt(tenant, Date.UTC(2016, 1, 29))],
      deadLetters: [],
    });
    expect(written.inserted.decisions).toBe(1);
  } finally {
    await client.query('rollback');
    client.release();
  }
});

it('makes a partition again that somebody dropped', async () => {
  const tenant = newTenant();
  const { events } = createPostgresStores(database.pool);
  const at = Date.UTC(2015, 0, 1);
  await events.write({ events: [decisionAt(tenant, at)], deadLetters: [] });
  await database.pool.query('drop table decisions_20150101');
  const again = await events.write({ events: [decisionAt(tenant, at)], deadLetters: [] });
  expect(again.inserted.decisions).toBe(1);
});

it('puts a decision into the partition of the day inside its id, whatever the clock said on arrival', async () => {
  const tenant = newTenant();
  const { events } = createPostgresStores(database.pool);
  const midnight = Date.UTC(2026, 2, 1);
  const batch = [decisionAt(tenant, midnight - 1), decisionAt(tenant, midnight)];
  await events.write({ events: batch, deadLetters: [] });
  const { rows } = await database.pool.query<{ partition: string; decision_id: string }>(
    `select tableoid::regclass::text as partition, decision_id from decisions
     where tenant = $1 order by decided_at`,
    [tenant],
  );
  expect(rows).toEqual([
    { partition: 'decisions_20260228', decision_id: batch[0].decisionId },
    { partition: 'decisions_20260301', decision_id: batch[1].decisionId },
  ]);
});

it('stores the important fields as columns, equal to the event', async () => {
  const tenant = newTenant();
  const { events } = createPostgresStores(database.pool);
  const decision = { ...decisionAt(tenant, Date.UTC(2026, 2, 3, 4, 5, 6, 789)), propensity: 1 / 3 };
  await events.write({ events: [{ ...decision, probabilities: [2 / 3, 1 / 3] }], deadLetters: [] });
  const { rows } = await database.pool.query(
    `select propensity, probabilities, decided_at, is_forced, block, policy_version from decisions
     where tenant = $1`,
    [tenant],
  );
  expect(rows).toEqual([
    {
      ...{ propensity: 1 / 3, probabilities: [2 / 3, 1 / 3], decided_at: new Date(decision.decidedAt) },
      ...{ is_forced: false, block: null, policy_version: 'live-feed@1' },
    },
  ]);
});

it('gives its connection back when a reader leaves a stream half-way', async () => {
  const tenant = newTenant();
  const pool = createPool(database.url, { maxConnections: 1 });
  const stores = createPostgresStores(pool);
  const batch = [1, 2, 3].map((n) => decisionAt(tenant, Date.UTC(2026, 2, 4) + n, n));
  await stores.events.write({ events: batch, deadLetters: [] });
  const range = { tenant, surface: 'live-feed', from: 0, until: Date.UTC(2030, 0, 1) };
  for await (const record of stores.decisions.stream(range)) {
    expect(record.decision.tenant).toBe(tenant);
    break;
  }
  expect((await stores.decisions.counts(tenant)).decisions).toBe(3);
  await pool.end();
});

it('streams more than one fetch in order and without gaps', async () => {
  const tenant = newTenant();
  const { events, decisions } = createPostgresStores(database.pool);
  const batch = Array.from({ length: 4_500 }, (_, n) =>
    decisionAt(tenant, Date.UTC(2026, 2, 5) + ((n * 7919) % 4_500), n),
  );
  await events.write({ events: batch, deadLetters: [] });
  const seen: [string, number][] = [];
  const range = { tenant, surface: 'live-feed', from: 0, until: Date.UTC(2030, 0, 1) };
  for await (const { decision } of decisions.stream(range)) seen.push([decision.unitId, decision.decidedAt]);
  const wanted = batch.map((d): [string, number] => [d.unitId, d.decidedAt]);
  wanted.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
  expect(seen).toEqual(wanted);
});

it('refuses an event that cannot be written as JSON as data, not as an outage', async () => {
  const { events } = createPostgresStores(database.pool);
  let deep: unknown = [];
  for (let n = 0; n < 100_000; n += 1) deep = [deep];
  const event = { ...decisionAt(newTenant(), Date.UTC(2015, 0, 2)), deep };
  await expect(events.write({ events: [event], deadLetters: [] })).rejects.toMatchObject({
    code: 'invalid_request',
  });
});
