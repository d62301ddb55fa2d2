import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { asLeader, type Leadership, startLeadership } from '../../src/postgres/leader.ts';
import { silentLogger, type Logger } from '../../src/service/ports/logger.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const running: Leadership[] = [];
afterEach(async () => {
  for (const leadership of running.splice(0)) await leadership.stop();
});

async function stand(name: string): Promise<Leadership> {
  const leadership = await startLeadership({ url: database.url, name, retryMs: 50, logger: silentLogger });
  running.push(leadership);
  return leadership;
}

const leads = (leadership: Leadership) =>
  expect.poll(() => leadership.epoch(), { timeout: 20_000 }).not.toBeNull();

it('lets one of several lead, and the next one after it stops, with a higher epoch', async () => {
  const first = await stand('a');
  await leads(first);
  const second = await stand('a');
  await new Promise((done) => setTimeout(done, 200));
  expect(second.epoch()).toBeNull();
  const before = first.epoch() as number;
  await first.stop();
  expect(first.epoch()).toBeNull();
  await leads(second);
  expect(second.epoch()).toBeGreaterThan(before);
});

it('leads again, in a new epoch, after its connection was cut', async () => {
  const leadership = await stand('b');
  await leads(leadership);
  const before = leadership.epoch() as number;
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'allot-leader' and datname = current_database()`,
  );
  await expect.poll(() => leadership.epoch() ?? 0, { timeout: 20_000 }).toBeGreaterThan(before);
});

it('refuses the write of a leader that was away while another one was elected', async () => {
  const first = await stand('c');
  await leads(first);
  const stale = { name: 'c', epoch: first.epoch() as number };
  const mark = (leader: typeof stale, id: string) =>
    asLeader(database.pool, leader, (client) =>
      client.query('insert into replicas (replica_id, revision) values ($1, 1)', [id]),
    );
  await mark(stale, 'in time');
  await first.stop();
  const second = await stand('c');
  await leads(second);
  await expect(mark(stale, 'late')).rejects.toMatchObject({ code: 'state_conflict' });
  const { rows } = await database.pool.query('select replica_id from replicas');
  expect(rows).toEqual([{ replica_id: 'in time' }]);
});

it('says once why it cannot stand for leader, and goes on trying', async () => {
  const warnings: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: ({ error }) => void warnings.push(String(error)) };
  await database.pool.query('alter table leader_epochs rename to hidden_epochs');
  const leadership = await startLeadership({ url: database.url, name: 'd', retryMs: 10, logger });
  running.push(leadership);
  try {
    await expect.poll(() => warnings.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await new Promise((done) => setTimeout(done, 300));
    expect(warnings).toEqual([expect.stringMatching(/relation "leader_epochs" does not exist/)]);
  } finally {
    await database.pool.query('alter table hidden_epochs rename to leader_epochs');
  }
  await leads(leadership);
  let calls = 0;
  leadership.onElected(() => (calls += 1));
  expect(calls).toBe(1);
});
