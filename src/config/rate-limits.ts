import { z } from 'zod';
import type { RateLimit, RateLimits } from '../service/serving/rate-limiter.ts';

const entry =
  /^(decider|analyst|trainer|admin|reader|key_[\w-]{1,64})=(?:unlimited|(\d{1,7})(?:\/(\d{1,7}))?)$/;

/** Requests per second and burst, by role or key id: `decider=20000/40000,key_1a2b=50,admin=unlimited`. */
export const DEFAULT_RATE_LIMITS =
  'decider=20000/40000,admin=20000/40000,trainer=200/400,analyst=200/400,reader=200/400';

const rule = 'must be role=perSecond/burst or key_…=perSecond/burst (or =unlimited), separated by commas';

/** What is not named keeps its default; without a burst it is one second's worth. */
export const rateLimitsRule = z
  .string()
  .refine((text) => text.split(',').every((part) => isEntry(part)), rule)
  .transform((text): RateLimits => ({ ...parse(DEFAULT_RATE_LIMITS), ...parse(text) }));

/** A bucket that never holds a whole token lets nothing through: that is what revoking is for. */
function isEntry(part: string): boolean {
  const [, , perSecond, burst] = entry.exec(part) ?? [];
  return entry.test(part) && perSecond !== '0' && burst !== '0' && Number(perSecond ?? 1) > 0;
}

const parse = (text: string): RateLimits =>
  Object.fromEntries(
    text.split(',').map((part): [string, RateLimit | null] => {
      const [, name = '', perSecond, burst] = entry.exec(part) ?? [];
      if (perSecond === undefined) return [name, null];
      return [name, { perSecond: Number(perSecond), burst: Number(burst ?? perSecond) }];
    }),
  );
