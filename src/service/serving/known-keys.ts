import { findKey } from '../registry/api-keys.ts';
import { principalOf, type Principal } from '../registry/principal.ts';
import type { ServingSnapshot } from './serving-snapshot.ts';

/** More keys than a process sees within one revision; beyond it the memory starts anew. */
const MAX_KEYS = 1000;

/**
 * Keys that were good under the present snapshot and whose they are, so that a key is hashed once per revision and not
 * once per decision. A key that was revoked is gone with the snapshot it was good under. Only whole good keys are kept:
 * a guess is hashed and compared in constant time every time.
 */
export class KnownKeys {
  #snapshot: ServingSnapshot | null = null;
  readonly #principals = new Map<string, Principal>();

  find(snapshot: ServingSnapshot, key: string): Principal | undefined {
    if (snapshot !== this.#snapshot) {
      this.#principals.clear();
      this.#snapshot = snapshot;
    }
    const known = this.#principals.get(key);
    if (known !== undefined) return known;
    const record = findKey(snapshot.keysByHash, key);
    if (record === undefined) return undefined;
    const principal = principalOf(record);
    if (this.#principals.size >= MAX_KEYS) this.#principals.clear();
    this.#principals.set(key, principal);
    return principal;
  }
}
