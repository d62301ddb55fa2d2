import { randomBytes } from 'node:crypto';
import { may, type Principal } from '../../src/service/registry/principal.ts';
import { RateLimiter } from '../../src/service/serving/rate-limiter.ts';
import type { Serving } from '../../src/service/serving/serving.ts';
import { RateLimited } from '../http/limit-rate.ts';

export const SESSION_COOKIE = 'allot_session';
const SESSION_MS = 12 * 3600_000;
/** One more ends the oldest of the key: nobody's sessions are ended by somebody else's. */
const SESSIONS_PER_KEY = 20;
/** Of one address, good keys or not; behind a proxy that is everybody together. */
const LOG_INS = { perSecond: 1, burst: 40 };

/** Who is at the other end of the connection. */
export interface Client {
  readonly address: string;
  /** The cookie may be kept for TLS: see `clientOf`. */
  readonly isSecure: boolean;
}

interface Session {
  readonly key: string;
  readonly until: number;
}

/**
 * People who look at pages. The cookie holds a random token, not the key, and is good for looking only: every route that
 * changes something wants the key itself, so there is nothing to forge across sites. Sessions end with the process.
 */
export class Sessions {
  readonly #serving: Serving;
  readonly #byToken = new Map<string, Session>();
  /** Key id → its tokens, oldest first. */
  readonly #tokens = new Map<string, string[]>();
  readonly #logIns = new RateLimiter({ reader: LOG_INS });

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  /** The `Set-Cookie` header for a key that may look; undefined for any other. Throws `rate_limited`. */
  open(key: string, { address, isSecure }: Client): string | undefined {
    const seconds = this.#logIns.take({ keyId: address, role: 'reader' });
    if (seconds > 0) throw new RateLimited(seconds, 'too many attempts to log in from this address');
    const principal = this.#serving.authenticate(key);
    if (principal === undefined || !may(principal, 'view')) return undefined;
    const token = randomBytes(32).toString('base64url');
    this.#byToken.set(token, { key, until: Date.now() + SESSION_MS });
    const tokens = [...(this.#tokens.get(principal.keyId) ?? []), token];
    for (const ended of tokens.splice(0, tokens.length - SESSIONS_PER_KEY)) this.#byToken.delete(ended);
    this.#tokens.set(principal.keyId, tokens);
    const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${String(SESSION_MS / 1000)}`;
    return `${SESSION_COOKIE}=${token}; ${attributes}${isSecure ? '; Secure' : ''}`;
  }

  /** The key is looked up again every time, so a revoked key ends its sessions. */
  visitor(cookies: Readonly<Record<string, string>>): Principal | undefined {
    const token = cookies[SESSION_COOKIE];
    const session = token === undefined ? undefined : this.#byToken.get(token);
    if (session === undefined || session.until < Date.now()) return undefined;
    return this.#serving.authenticate(session.key);
  }
}
