import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUpDatabase } from '../../../src/postgres/backup/back-up.ts';
import { restoreDatabase } from '../../../src/postgres/backup/restore.ts';
import { partitionDays } from '../../../src/postgres/retention.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { mintId, newTenant } from '../../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { decisionEvent } from '../../support/events.ts';

const DAYS = 70;
const folder = mkdtempSync(join(tmpdir(), 'allot-restore-'));
const tenant = newTenant();
const events = Array.from({ length: DAYS }, (_, n) => {
  const decidedAt = Date.UTC(2024, 0, 1) + n * 86_400_000;
  // A value that looks like the beginning of a row of another day.
  return decisionEvent(n, {
    tenant,
    decidedAt,
    decisionId: mintId(tenant, decidedAt),
    unitId: 'a\n2030-01-01\tb',
  });
});
let original: TestDatabase;
let target: TestDatabase;

beforeAll(async () => {
  [original, target] = [await createTestDatabase(), await createTestDatabase()];
  const deadLetters = [{ receivedAt: 1, reason: 'test', record: Buffer.from('poison') }];
  await createPostgresStores(original.pool).events.write({ events, deadLetters });
  await backUpDatabase(original.url, folder, new Date(0));
});
afterAll(async () => {
  await Promise.all([original.drop(), target.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

let placed = 0;
const restore = () => restoreDatabase(target.url, folder, () => Promise.resolve(void (placed += 1)));
const rowsOf = async ({ pool }: TestDatabase): Promise<unknown[]> =>
  (await pool.query('select * from decisions order by day')).rows;

/** From now on a restore fails in its last transaction, when the days of the log are in. */
const failWith = (what: string) =>
  target.pool.query(
    `create or replace function fail() returns trigger language plpgsql as $$ begin ${what}; end $$;
     create or replace trigger fail before insert on dead_letters for each row execute function fail()`,
  );

describe('a restore that does not come to its end', () => {
  it('leaves the database empty when it fails', async () => {
    await failWith(`raise exception 'no'`);
    await expect(restore()).rejects.toThrow();
    expect(await partitionDays(target.pool)).toEqual([]);
    // A journal beside an empty database would be delivered into it.
    expect(placed).toBe(0);
    expect((await target.pool.query('select from control_revision')).rows).toHaveLength(1);
  });

  it('is begun afresh by the next one when it was killed, and then the database is refused', async () => {
    await failWith('perform pg_terminate_backend(pg_backend_pid()); return new');
    await expect(restore()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await rowsOf(target)).toHaveLength(DAYS);
    await target.pool.query('drop trigger fail on dead_letters');
    await restore();
    expect(placed).toBe(1);
    expect(await rowsOf(target)).toEqual(await rowsOf(original));
    await expect(restore()).rejects.toMatchObject({ code: 'state_conflict' });
    expect(await rowsOf(target)).toHaveLength(DAYS);
  });
});
