import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKeyRecord, Role } from '../ports/control.ts';

const prefix = 'allot_';

/** SHA-256 of a key, hex: all that is ever stored of it. */
export const hashKey = (key: string): string => hash('sha256', key, 'hex');

/** Makes a random 256-bit key. The key itself is shown once and never stored; the record is what is stored. */
export function createKey(options: {
  readonly tenant: string;
  readonly role: Role;
  readonly surfaces?: readonly string[] | null;
}): { readonly key: string; readonly record: ApiKeyRecord } {
  const key = prefix + randomBytes(32).toString('base64url');
  const record: ApiKeyRecord = {
    id: `key_${randomBytes(6).toString('hex')}`,
    keyHash: hashKey(key),
    tenant: options.tenant,
    role: options.role,
    surfaces: options.surfaces ?? null,
    revokedAt: null,
  };
  return { key, record };
}

/**
 * Finds the record of a key. The look-up is by hash, so its timing says nothing about a stored key; the final
 * comparison is in constant time all the same.
 */
export function findKey(byHash: ReadonlyMap<string, ApiKeyRecord>, key: string): ApiKeyRecord | undefined {
  if (key.length > 256) return undefined;
  const digest = hashKey(key);
  const record = byHash.get(digest);
  if (record === undefined || record.revokedAt !== null) return undefined;
  const isSame = timingSafeEqual(Buffer.from(digest, 'latin1'), Buffer.from(record.keyHash, 'latin1'));
  return isSame ? record : undefined;
}
