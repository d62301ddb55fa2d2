import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/service/registry/principal.ts';
import { RateLimiter, type RateLimits } from '../../../src/service/serving/rate-limiter.ts';

const caller = (keyId: string, role: Principal['role'] = 'decider'): Principal => ({
  keyId,
  tenant: 'acme',
  role,
  surfaces: null,
});

function limiterAt(limits: RateLimits): { limiter: RateLimiter; pass(ms: number): void } {
  let now = 0;
  return { limiter: new RateLimiter(limits, () => now), pass: (ms) => void (now += ms) };
}

describe('the rate limiter', () => {
  it('never lets through more than the burst and what has flown in since', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }),
        (perSecond, burst, waits) => {
          const { limiter, pass } = limiterAt({ decider: { perSecond, burst } });
          let through = 0;
          let passed = 0;
          for (const wait of waits) {
            pass(wait);
            passed += wait;
            if (limiter.take(caller('a')) === 0) through += 1;
            expect(through).toBeLessThanOrEqual(burst + (passed / 1000) * perSecond + 1e-6);
          }
        },
      ),
    );
  });

  it('lets the call through after the seconds it named, and not before', () => {
    const { limiter, pass } = limiterAt({ decider: { perSecond: 4, burst: 2 } });
    expect([1, 2].map(() => limiter.take(caller('a')))).toEqual([0, 0]);
    const seconds = limiter.take(caller('a'));
    expect(seconds).toBeCloseTo(0.25, 9);
    pass(seconds * 1000 - 1);
    expect(limiter.take(caller('a'))).toBeGreaterThan(0);
    pass(1.001);
    expect(limiter.take(caller('a'))).toBe(0);
  });

  it('keeps keys apart, and a key of its own limit out of its role', () => {
    const { limiter } = limiterAt({ decider: { perSecond: 1, burst: 1 }, key_big: null });
    expect([limiter.take(caller('a')), limiter.take(caller('b'))]).toEqual([0, 0]);
    expect(limiter.take(caller('a'))).toBeGreaterThan(0);
    for (let i = 0; i < 100; i += 1) expect(limiter.take(caller('key_big'))).toBe(0);
    expect(limiter.take(caller('c', 'reader'))).toBe(0);
  });

  it('a batch leaves a debt that the next call waits for', () => {
    const { limiter, pass } = limiterAt({ decider: { perSecond: 10, burst: 10 } });
    expect(limiter.take(caller('a'))).toBe(0);
    expect(limiter.charge(caller('a'), 999)).toBe(0);
    expect(limiter.take(caller('a'))).toBeCloseTo(99.1, 6);
    pass(99_200);
    expect(limiter.take(caller('a'))).toBe(0);
  });

  it('is never in debt for more than one batch, however many were let through before the first was charged', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 1000 }), { minLength: 1, maxLength: 20 }), (batches) => {
        const { limiter, pass } = limiterAt({ decider: { perSecond: 10, burst: 20 } });
        for (const _ of batches) expect(limiter.take(caller('a'))).toBe(0);
        let used = batches.length;
        for (const size of batches) if (limiter.charge(caller('a'), size - 1) === 0) used += size - 1;
        expect(used).toBeLessThanOrEqual(20 + Math.max(...batches));
        const seconds = limiter.take(caller('a'));
        expect(seconds).toBeLessThanOrEqual(Math.max(...batches) / 10);
        pass(seconds * 1000 + 0.001);
        if (seconds > 0) expect(limiter.take(caller('a'))).toBe(0);
      }),
    );
  });
});
