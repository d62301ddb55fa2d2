import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { createPool } from '../../src/postgres/database.ts';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Closes the pool and removes the database, whoever else is connected. */
  drop(): Promise<void>;
}

/** A database of its own, cloned from the migrated template (some 50 ms). */
export async function createTestDatabase(): Promise<TestDatabase> {
  const answer = await fetch(inject('templateDatabase'));
  const template = await answer.text();
  if (!answer.ok) throw new Error(`the test database did not start: ${template}`);
  const name = `allot_test_${randomBytes(6).toString('hex')}`;
  const from = new URL(template).pathname.slice(1);
  await maintain(template, `create database ${name} template ${from} strategy wal_log`);
  const url = new URL(template);
  url.pathname = `/${name}`;
  const pool = createPool(url.href, { applicationName: 'allot-test' });
  return {
    url: url.href,
    pool,
    async drop() {
      await pool.end();
      await maintain(template, `drop database ${name} with (force)`);
    },
  };
}

/** Cloning wants nobody connected to the template, so all maintenance goes through `postgres`. */
async function maintain(template: string, statement: string): Promise<void> {
  const url = new URL(template);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
