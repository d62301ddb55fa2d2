import type { Role } from '../ports/control.ts';
import type { Principal } from '../registry/principal.ts';

/** A token bucket: `perSecond` tokens flow in, at most `burst` are kept. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** By role, or by key id (which goes before its role); null, or no entry: no limit. */
export type RateLimits = Readonly<Partial<Record<Role, RateLimit | null>> & Record<string, RateLimit | null>>;

interface Bucket {
  readonly limit: RateLimit | null;
  tokens: number;
  /** Milliseconds on the limiter's own clock. */
  filledAt: number;
}

/** Keys come from the store, so they are few; beyond this many the buckets start anew, full. */
const MAX_BUCKETS = 10_000;

/**
 * One bucket per API key, in this process: n replicas allow n times as much. A call goes through while a whole token is
 * there and may cost more than that: a batch leaves a debt that the next calls wait for, so no batch is too large for
 * ever. A batch that comes to a bucket in debt is refused, so the debt is never more than one batch, and the wait no longer
 * than what was let through is worth. A call changes two numbers and makes no object.
 */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now milliseconds, monotonic */
  constructor(limits: RateLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Takes one token; answers 0 when the call may go on, else the seconds until it may. */
  take({ keyId, role }: Pick<Principal, 'keyId' | 'role'>): number {
    const bucket = this.#buckets.get(keyId) ?? this.#open(keyId, role);
    const { limit } = bucket;
    if (limit === null) return 0;
    this.#fill(bucket, limit);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / limit.perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  /**
   * What a call that was let through costs beyond its one token; to be asked before anything is done for it. Answers 0, or the
   * seconds until such a call may go on: others, that were let through with it, have left a debt meanwhile.
   */
  charge({ keyId, role }: Pick<Principal, 'keyId' | 'role'>, tokens: number): number {
    const bucket = this.#buckets.get(keyId) ?? this.#open(keyId, role);
    const { limit } = bucket;
    if (limit === null || tokens <= 0) return 0;
    this.#fill(bucket, limit);
    if (bucket.tokens < 0) return (1 - bucket.tokens) / limit.perSecond;
    bucket.tokens -= tokens;
    return 0;
  }

  #fill(bucket: Bucket, limit: RateLimit): void {
    const now = this.#now();
    const flown = ((now - bucket.filledAt) / 1000) * limit.perSecond;
    bucket.filledAt = now;
    bucket.tokens = Math.min(limit.burst, bucket.tokens + Math.max(0, flown));
  }

  #open(keyId: string, role: Role): Bucket {
    if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.clear();
    const limits: Readonly<Record<string, RateLimit | null | undefined>> = this.#limits;
    const limit = Object.hasOwn(limits, keyId) ? (limits[keyId] ?? null) : (limits[role] ?? null);
    const bucket = { limit, tokens: limit?.burst ?? 0, filledAt: this.#now() };
    this.#buckets.set(keyId, bucket);
    return bucket;
  }
}
