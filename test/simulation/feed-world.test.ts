import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/math/random.ts';
import { responseValues, interactionsOf } from '../../src/simulation/responses.ts';
import { createSession } from '../../src/simulation/session.ts';
import { liveFeedSurface } from '../../src/simulation/surface.ts';
import { trueValue, trueValues, type LivePolicy } from '../../src/simulation/true-value.ts';
import { defaultFeedWorld as world } from '../../src/simulation/world.ts';

const never: LivePolicy = () => 0;
const always: LivePolicy = () => 1;
const uniform: LivePolicy = () => 0.5;
const readsFeatures: LivePolicy = (f) =>
  2 * Number(f.liveAffinity) + Number(f.candidateScore) > 1.45 ? 0.95 : 0.05;
const valueOf = (policy: LivePolicy, response: string) =>
  trueValue(world, policy, response, { units: 1500, random: createRandom(11) });

describe('the feed world', () => {
  it('is the same world for the same seed and another one for another seed', () => {
    const run = (seed: number) => trueValues(world, uniform, { units: 50, random: createRandom(seed) });
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  it('rewards a policy that reads the features above never, always and uniform', () => {
    const best = valueOf(readsFeatures, 'watch_seconds');
    for (const policy of [never, always, uniform]) {
      const other = valueOf(policy, 'watch_seconds');
      const error = Math.hypot(best.standardError, other.standardError);
      expect(best.value - other.value).toBeGreaterThan(2 * error);
    }
  });

  it('makes always-live pay with hides and lost short-video time, and never-live with no stream at all', () => {
    expect(valueOf(always, 'hide').value).toBeGreaterThan(3 * valueOf(never, 'hide').value);
    expect(valueOf(always, 'short_watch_seconds').value).toBeLessThan(
      valueOf(never, 'short_watch_seconds').value,
    );
    expect(valueOf(never, 'live_watch_seconds').value).toBe(0);
  });

  it('shows the same unit the same first request whatever is chosen later', () => {
    const one = createSession(world, 'u1', createRandom(5));
    const two = createSession(world, 'u1', createRandom(5));
    expect(one.request()).toEqual(two.request());
    one.act('live');
    two.act('none');
    const withoutFatigue = (f: object | null) => ({ ...f, secondsSinceLive: 0 });
    if (one.request() !== null && two.request() !== null) {
      expect(withoutFatigue(one.request())).toEqual(withoutFatigue(two.request()));
    }
  });

  it('keeps every feature inside what the surface declares and every watch below its cap', () => {
    const surface = liveFeedSurface(world, { name: 'live-feed', windowSeconds: 5 });
    for (let k = 0; k < 200; k++) {
      const session = createSession(world, `u${k}`, createRandom(9));
      for (let f = session.request(); f !== null; f = session.request()) {
        for (const spec of surface.features) {
          const value = f[spec.name];
          if (spec.type === 'numeric') {
            expect(value).toBeGreaterThanOrEqual(spec.min);
            expect(value).toBeLessThanOrEqual(spec.max);
          } else if (spec.type === 'categorical') expect(spec.values).toContain(value);
        }
        const outcome = session.act(k % 2 === 0 ? 'live' : 'none');
        expect(outcome.liveWatchSeconds).toBeLessThanOrEqual(world.live.watchCapSeconds);
      }
      expect(session.request()).toBeNull();
    }
  });

  it('reports in its interactions exactly what its responses say', () => {
    const session = createSession(world, 'u4', createRandom(2));
    const outcome = session.act('live');
    const sums = new Map(interactionsOf(outcome).map((e) => [e.type, e.value]));
    expect(sums.get('watch') ?? 0).toBe(responseValues(outcome).watch_seconds);
    expect(sums.get('live_watch') ?? 0).toBe(responseValues(outcome).live_watch_seconds);
    expect(sums.get('hide') ?? 0).toBe(responseValues(outcome).hide);
  });

  it('states a Monte-Carlo error that shrinks with the units', () => {
    const few = trueValue(world, uniform, 'watch_seconds', { units: 300, random: createRandom(1) });
    const many = trueValue(world, uniform, 'watch_seconds', { units: 4800, random: createRandom(1) });
    expect(many.standardError).toBeLessThan(few.standardError / 2);
    expect(Math.abs(few.value - many.value)).toBeLessThan(4 * few.standardError);
  });
});
