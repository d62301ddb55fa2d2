import { createHmac, createSecretKey } from 'node:crypto';
import { lengthPrefixed } from '../../core/math/length-prefixed.ts';

/** A unit's pseudonym inside a tenant. */
export type PseudonymOf = (tenant: string, unitId: string) => string;

/** Tells a pseudonym from an id as sent; the number is the version of the recipe below. */
const PREFIX = 'pu1_';
/** 144 bits: two of 10¹² units share a pseudonym with probability 2 · 10⁻²⁰; and no padding in base64. */
const BYTES = 18;
const PSEUDONYM = /^pu1_[A-Za-z0-9_-]{24}$/;

/**
 * The unit's name everywhere behind the door, where pseudonyms are on:
 *
 *     "pu1_" ⧺ base64url(first 18 bytes of HMAC-SHA-256(key, lengthPrefixed("allot/pseudonym/v1", tenant, unitId)))
 *
 * The same id gives the same pseudonym in every process that has the key, another tenant's the same id gives another one, and
 * without the key nobody can go back or try ids out. Another key gives every unit another name: see `judgePseudonymKey`.
 * An id that looks like a pseudonym is an id like any other.
 *
 * @param key the `pseudonymKey` of the secrets
 */
export function createPseudonyms(key: Uint8Array): PseudonymOf {
  const secret = createSecretKey(key);
  return (tenant, unitId) => {
    const parts = lengthPrefixed('allot/pseudonym/v1', tenant, unitId);
    return PREFIX + createHmac('sha256', secret).update(parts).digest().toString('base64url', 0, BYTES);
  };
}

export const isPseudonym = (unitId: string): boolean => PSEUDONYM.test(unitId);

/** Names the key without telling anything about it: what the database remembers of the keys in use. */
export function pseudonymKeyFingerprint(key: Uint8Array): string {
  const parts = lengthPrefixed('allot/pseudonym-key/fingerprint/v1');
  return createHmac('sha256', createSecretKey(key)).update(parts).digest('hex').slice(0, 16);
}
