import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { ApiKeyRecord, Role } from '../service/ports/control.ts';
import type { ApiKeyStore } from '../service/ports/stores.ts';
import { changeControl, query } from './transaction.ts';

export interface ApiKeyRow {
  readonly id: string;
  readonly key_hash: string;
  readonly tenant: string;
  readonly role: Role;
  readonly surfaces: string[] | null;
  readonly revoked_at: Date | null;
}

export const API_KEY_COLUMNS = 'id, key_hash, tenant, role, surfaces, revoked_at';

export function createApiKeyStore(pool: pg.Pool): ApiKeyStore {
  return {
    add: (key) =>
      changeControl(pool, { tenant: key.tenant, id: 'cli' }, async (client) => {
        const { rowCount } = await client.query(
          `insert into api_keys (id, key_hash, tenant, role, surfaces, revoked_at)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
          [
            key.id,
            key.keyHash,
            key.tenant,
            key.role,
            key.surfaces,
            key.revokedAt === null ? null : new Date(key.revokedAt),
          ],
        );
        if (rowCount === 0) throw new AllotError('state_conflict', `id: key ${key.id} exists`);
        const change = { action: 'key.add', subject: key.id, details: { role: key.role } };
        return { result: undefined, change };
      }),

    async list(tenant) {
      const rows = await query<ApiKeyRow>(
        pool,
        `select ${API_KEY_COLUMNS} from api_keys where tenant = $1 order by created_at, id`,
        [tenant],
      );
      return rows.map(toApiKey);
    },

    // Revoking what is not there is an error: whoever believes that a key is dead must be right.
    revoke: (tenant, id) =>
      changeControl(pool, { tenant, id: 'cli' }, async (client) => {
        const rows = await query<{ revoked_at: Date | null }>(
          client,
          'select revoked_at from api_keys where tenant = $1 and id = $2 for update',
          [tenant, id],
        );
        if (rows[0] === undefined) throw new AllotError('invalid_request', `id: there is no key ${id}`);
        if (rows[0].revoked_at !== null) return { result: undefined, change: null };
        await client.query('update api_keys set revoked_at = now() where id = $1', [id]);
        return { result: undefined, change: { action: 'key.revoke', subject: id } };
      }),
  };
}

export function toApiKey(row: ApiKeyRow): ApiKeyRecord {
  return {
    id: row.id,
    keyHash: row.key_hash,
    tenant: row.tenant,
    role: row.role,
    surfaces: row.surfaces,
    revokedAt: row.revoked_at?.getTime() ?? null,
  };
}
