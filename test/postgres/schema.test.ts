import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../src/postgres/migrate.ts';
import { dumpSchema } from '../../src/postgres/schema-dump.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const FILE = new URL('../../migrations/schema.sql', import.meta.url);

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

it('keeps migrations/schema.sql equal to what the migrations make', async () => {
  const dump = await dumpSchema(database.pool);
  if (process.env['UPDATE_SCHEMA'] !== undefined) writeFileSync(FILE, dump);
  expect(dump).toBe(readFileSync(FILE, 'utf8'));
});

it('migrates a migrated database again without effect, also when many do it at once', async () => {
  const applied = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
  expect(applied).toEqual([[], [], []]);
});

it('migrates an empty database once when several ask at the same time', async () => {
  const name = `${new URL(database.url).pathname.slice(1)}_empty`;
  await database.pool.query(`create database ${name}`);
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  try {
    const applied = await Promise.all([migrate(url.href), migrate(url.href)]);
    expect(applied.flat()).toEqual([
      '0001_registry',
      '0002_events',
      '0003_forget',
      '0004_experiments',
      '0005_security',
      '0007_runs',
      '0008_variances',
      '0009_retention',
    ]);
  } finally {
    await database.pool.query(`drop database ${name} with (force)`);
  }
});

it('names the failure when there is no server', async () => {
  await expect(migrate('postgres://nobody@127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'store_unavailable',
  });
});
