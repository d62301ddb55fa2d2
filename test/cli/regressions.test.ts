import { afterAll, beforeAll, expect, it } from 'vitest';
import { regressions } from '../../src/cli/study/regressions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const progress = { step: () => undefined, advance: () => undefined, done: () => undefined };

it(
  'a bad version is taken back, a frozen pipeline holds and goes on, and nothing happens to healthy experiments',
  { timeout: 240_000 },
  async () => {
    const run = { isShort: true, workers: 1, seed: 1, progress };
    const tables = await regressions(run, database.url);
    expect(tables.map(({ rows }) => rows.length)).toEqual([2, 4, 2]);
    const failed = tables.flatMap(({ claims }) => claims.filter(({ holds }) => !holds));
    expect(failed).toEqual([]);
  },
);
