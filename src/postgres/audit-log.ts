import type pg from 'pg';
import type { AuditLog } from '../service/ports/stores.ts';
import { query } from './transaction.ts';

interface Row {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly details: Record<string, unknown>;
}

/** Newest first. Rows are written by the changes themselves, in their transactions. */
export function createAuditLog(pool: pg.Pool): AuditLog {
  return {
    async list(tenant, limit) {
      const rows = await query<Row>(
        pool,
        `select at, actor, action, subject, reason, details from audit_log
         where tenant = $1 order by id desc limit $2`,
        [tenant, limit],
      );
      return rows.map((row) => ({ ...row, at: row.at.getTime() }));
    },
  };
}
