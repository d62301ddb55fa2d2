import type pg from 'pg';
import type { DeadLetter, DeadLetterStore } from '../service/ports/stores.ts';
import { query } from './transaction.ts';

interface Row {
  readonly id: string;
  readonly received_at: Date;
  readonly reason: string;
  readonly record: Buffer;
}

/** Newest first. `EventStore.write` puts them in, in the transaction of their batch. */
export function createDeadLetterStore(pool: pg.Pool): DeadLetterStore {
  return {
    async list(limit) {
      const rows = await query<Row>(
        pool,
        'select id, received_at, reason, record from dead_letters order by received_at desc, id limit $1',
        [limit],
      );
      return rows.map(toDeadLetter);
    },

    async ids() {
      const rows = await query<{ id: string }>(
        pool,
        'select id from dead_letters order by received_at desc, id',
      );
      return rows.map(({ id }) => id);
    },

    async find(id) {
      const rows = await query<Row>(
        pool,
        'select id, received_at, reason, record from dead_letters where id = $1',
        [id],
      );
      return rows[0] === undefined ? undefined : toDeadLetter(rows[0]);
    },

    async remove(ids) {
      const rows = await query(pool, 'delete from dead_letters where id = any($1::text[]) returning id', [
        ids,
      ]);
      return rows.length;
    },
  };
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    id: row.id,
    receivedAt: row.received_at.getTime(),
    reason: row.reason,
    record: new Uint8Array(row.record),
  };
}
