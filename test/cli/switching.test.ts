import { afterAll, beforeAll, expect, it } from 'vitest';
import { LIMIT_MS } from '../../offline/reproductions/experiments/switching/switching.ts';
import { switching } from '../../src/cli/study/running-experiments.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const progress = { step: () => undefined, advance: () => undefined, done: () => undefined };

it(
  'switches by alias, by experiment and by kill switch on three replicas within the promise',
  { timeout: 180_000 },
  async () => {
    const run = { isShort: true, repetitions: 1, workers: 1, seed: 1, progress };
    const [table] = await switching(run, database.url);
    expect(LIMIT_MS).toBe(5000);
    expect(table.rows.map((row) => row[0])).toEqual(['alias', 'experiment', 'kill switch']);
    expect(table.claims.filter(({ holds }) => !holds)).toEqual([]);
  },
);
