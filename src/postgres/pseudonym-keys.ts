import type pg from 'pg';
import type { PseudonymKeyHistory } from '../service/ports/pseudonym-keys.ts';
import { inTransaction, query } from './transaction.ts';

/** The keys that were in use, and whether there is anything that a key could have named. */
export async function pseudonymKeyHistory(client: pg.Pool | pg.ClientBase): Promise<PseudonymKeyHistory> {
  const uses = await query<{ fingerprint: string; first_used_at: Date; last_used_at: Date }>(
    client,
    'select fingerprint, first_used_at, last_used_at from pseudonym_keys order by last_used_at',
  );
  const decisions = await query<{ exist: boolean }>(client, 'select exists (select from decisions) as exist');
  return {
    uses: uses.map((row) => ({
      fingerprint: row.fingerprint,
      firstUsedAt: row.first_used_at.getTime(),
      lastUsedAt: row.last_used_at.getTime(),
    })),
    hasDecisions: decisions[0].exist,
  };
}

/** Notes that units are named by this key from now on; gives what was known before. */
export function notePseudonymKey(pool: pg.Pool, fingerprint: string): Promise<PseudonymKeyHistory> {
  return inTransaction(pool, async (client) => {
    const before = await pseudonymKeyHistory(client);
    await client.query(
      `insert into pseudonym_keys (fingerprint) values ($1)
       on conflict on constraint pseudonym_keys_pkey do update set last_used_at = now()`,
      [fingerprint],
    );
    return before;
  });
}
