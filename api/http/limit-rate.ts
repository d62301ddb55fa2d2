import { AllotError } from '../../src/core/errors.ts';
import type { Principal } from '../../src/service/registry/principal.ts';
import type { ApiServices } from '../services.ts';

/** `rate_limited`, with the time after which the same call goes through. */
export class RateLimited extends AllotError {
  readonly retryAfterSeconds: number;

  constructor(seconds: number, what = 'too many requests for this key') {
    super('rate_limited', `${what}: wait for retry-after seconds`);
    this.retryAfterSeconds = Math.max(1, Math.ceil(seconds));
  }
}

/** Takes one token of the key; behind authentication, before the body is read. */
export function limitRate({ rates }: ApiServices, principal: Principal): void {
  const seconds = rates.take(principal);
  if (seconds > 0) throw new RateLimited(seconds);
}

/** A batch costs a token for each of its parts; behind the reading of the body, before anything is done for it. */
export function limitBatch({ rates }: ApiServices, principal: Principal, parts: number): void {
  const seconds = rates.charge(principal, parts - 1);
  if (seconds > 0) throw new RateLimited(seconds);
}
