import { randomBytes } from 'node:crypto';
import { may, type Principal } from '../../src/service/registry/principal.ts';
import type { Serving } from '../../src/service/serving/serving.ts';
import { TwoGenerations } from '../../src/service/serving/two-generations.ts';

export const SESSION_COOKIE = 'allot_session';
const SESSION_MS = 12 * 3600_000;

/**
 * People who look at pages. The cookie holds a random token, not the key, and is good for looking only: every route that
 * changes something wants the key itself, so there is nothing to forge across sites. Sessions end with the process.
 */
export class Sessions {
  readonly #serving: Serving;
  readonly #keys = new TwoGenerations<{ readonly key: string; readonly until: number }>(1000);

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  /** The `Set-Cookie` header for a key that may look; undefined for any other. */
  open(key: string): string | undefined {
    const principal = this.#serving.authenticate(key);
    if (principal === undefined || !may(principal, 'view')) return undefined;
    const token = randomBytes(32).toString('base64url');
    this.#keys.set(token, { key, until: Date.now() + SESSION_MS });
    return `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${String(SESSION_MS / 1000)}`;
  }

  /** The key is looked up again every time, so a revoked key ends its sessions. */
  visitor(cookies: Readonly<Record<string, string>>): Principal | undefined {
    const token = cookies[SESSION_COOKIE];
    const session = token === undefined ? undefined : this.#keys.get(token);
    if (session === undefined || session.until < Date.now()) return undefined;
    return this.#serving.authenticate(session.key);
  }
}
