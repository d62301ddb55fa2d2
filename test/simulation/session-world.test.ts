import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/math/random.ts';
import { createLife } from '../../src/simulation/life.ts';
import {
  enterProbability,
  freshState,
  reactionProbabilities,
  respond,
} from '../../src/simulation/outcome.ts';
import { parseWorld } from '../../src/simulation/parse-world.ts';
import { uniformPolicy, type LivePolicy } from '../../src/simulation/policies.ts';
import { CountedStreams } from '../../src/simulation/streams.ts';
import { trueValues, trueValuesOf } from '../../src/simulation/true-value.ts';
import { drawUnit } from '../../src/simulation/unit.ts';
import { sessionFeedSurface } from '../../src/simulation/surface.ts';
import type { FeedWorldConfig } from '../../src/simulation/world.ts';

const world = parseWorld({});

function situations(config: FeedWorldConfig, count: number) {
  const streams = new CountedStreams(createRandom(8));
  return Array.from({ length: count }, (_, k) => {
    const unit = drawUnit(config, `u${k}`, streams.of(k).unit());
    const draws = streams.request(0);
    const state = {
      fatigue: draws.uniform(),
      boredom: draws.uniform(),
      satisfaction: 2 * draws.uniform() - 1,
      requestsSinceLive: null,
    };
    const request = {
      hour: Math.floor(24 * draws.uniform()),
      isLiveAvailable: true,
      quality: draws.uniform(),
      candidateScore: 0.5,
      liveInterestShift: 0,
      touchinessFactor: 1,
    };
    return { config, unit, state, request };
  });
}

describe('the session world', () => {
  it('has probabilities between 0 and 1, times within their caps and state within its bounds', () => {
    const streams = new CountedStreams(createRandom(3));
    situations(world, 400).forEach((situation, k) => {
      for (const isEntered of [true, false])
        for (const p of Object.values(reactionProbabilities(situation, true, isEntered, 1))) {
          expect(p).toBeGreaterThanOrEqual(0);
          expect(p).toBeLessThanOrEqual(1);
        }
      const outcome = respond(situation, k % 2, streams.of(k).outcome(0));
      expect(outcome.liveWatchSeconds).toBeLessThanOrEqual(1800);
      expect(outcome.shortWatchSeconds).toBeGreaterThanOrEqual(0);
      expect(outcome.after.fatigue).toBeGreaterThanOrEqual(0);
      expect(outcome.after.fatigue).toBeLessThanOrEqual(1);
      expect(Math.abs(outcome.after.satisfaction)).toBeLessThanOrEqual(1);
    });
  });

  it('makes tired units enter less, lower positions enter less, and inactive groups leave and hide more', () => {
    for (const situation of situations(parseWorld({ positions: { count: 3 } }), 50)) {
      const tired = { ...situation, state: { ...situation.state, fatigue: 1 } };
      const rested = { ...situation, state: { ...situation.state, fatigue: 0 } };
      expect(enterProbability(tired, 1)).toBeLessThan(enterProbability(rested, 1));
      expect(enterProbability(rested, 3)).toBeLessThan(enterProbability(rested, 1));
      const inGroup = (group: (typeof world.groups)[number]) =>
        reactionProbabilities({ ...rested, unit: { ...rested.unit, group } }, true, false, 1);
      const [low, full] = [inGroup(world.groups[0]), inGroup(world.groups[3])];
      expect(low.hide).toBeGreaterThan(full.hide);
      expect(low.leave).toBeGreaterThan(full.leave);
    }
  });

  it('caps a watch at 1,800 s and reaches the cap now and then', () => {
    const long = parseWorld({ live: { watchMedianSeconds: 900, enterIntercept: 5 } });
    const watched: number[] = [];
    for (const situation of situations(long, 300)) {
      const draws = new CountedStreams(createRandom(watched.length)).of(1).outcome(0);
      watched.push(respond({ ...situation, state: freshState }, 1, draws).liveWatchSeconds);
    }
    expect(Math.max(...watched)).toBe(1800);
    expect(watched.filter((x) => x < 900).length).toBeGreaterThan(20);
  });

  it('follows units over days, and satisfied ones come back more often', () => {
    const values = (policy: LivePolicy) => trueValues(world, policy, { units: 800, random: createRandom(2) });
    const calm = values(() => 0);
    const pushed = values(() => 1);
    const returning = calm.get('return_next_day')!.perSession;
    expect(calm.get('watch_seconds')!.sessions).toBeGreaterThan(1.3 * 800);
    expect(returning.value).toBeGreaterThan(
      pushed.get('return_next_day')!.perSession.value + 3 * returning.standardError,
    );
  });

  it('gives the same numbers for the same policy and seed, and the same units to every policy', () => {
    const of = (seed: number) =>
      trueValuesOf(world, uniformPolicy, { units: 60, random: createRandom(seed) });
    expect(of(4)).toEqual(of(4));
    expect(of(4)).not.toEqual(of(5));
    const first = (policy: LivePolicy) => {
      const seen: string[] = [];
      const remember: LivePolicy = (f) => {
        if (f['sessionStep'] === 0 && f['hour'] !== undefined) seen.push(JSON.stringify(f['liveAffinity']));
        return policy(f);
      };
      trueValues(parseWorld({ days: { count: 1 } }), remember, { units: 40, random: createRandom(6) });
      return seen;
    };
    expect(first(() => 0)).toEqual(first(() => 1));
  });

  it('draws streams by counter that look uniform and do not repeat across units, purposes and requests', () => {
    const streams = new CountedStreams(createRandom(12));
    const firsts: number[] = [];
    for (let unit = 0; unit < 50; unit++)
      for (let index = 0; index < 40; index++)
        for (const purpose of ['request', 'outcome', 'policy'] as const)
          firsts.push(streams.of(unit)[purpose](index).uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
    const n = firsts.length;
    const mean = firsts.reduce((a, b) => a + b, 0) / n;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * n));
    const cells = new Array<number>(20).fill(0);
    for (const u of firsts) cells[Math.floor(20 * u)]++;
    const chiSquare = cells.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0);
    expect(chiSquare).toBeLessThan(44); // 0.999 quantile of χ² with 19 degrees of freedom
    const lagged = firsts.slice(1).reduce((sum, u, i) => sum + (u - 0.5) * (firsts[i] - 0.5), 0) / n;
    expect(Math.abs(lagged)).toBeLessThan(4 / (12 * Math.sqrt(n)));
  });

  it('punishes a myopic policy: per session it is worse than a choosier one and than no stream at all', () => {
    const perSession = (threshold: number) => {
      const policy = gainAbove(world, threshold);
      return trueValues(world, policy, { units: 1200, random: createRandom(3) }).get('watch_seconds')!;
    };
    const myopic = perSession(0);
    const choosy = perSession(80);
    const never = perSession(Infinity);
    expect(choosy.perSession.value).toBeGreaterThan(
      myopic.perSession.value +
        2 * Math.hypot(choosy.perSession.standardError, myopic.perSession.standardError),
    );
    expect(choosy.perSession.value).toBeGreaterThan(never.perSession.value);
    // Yet every stream that the myopic policy adds pays on its own page: the loss comes later.
    expect(myopic.value).toBeGreaterThan(never.value);
  });

  it('offers only none where there is no candidate', () => {
    const rare = parseWorld({ live: { availableShare: 0.3 } });
    const share = trueValues(rare, () => 1, { units: 300, random: createRandom(1) }).get('live_share')!;
    expect(share.value).toBeGreaterThan(0.25);
    expect(share.value).toBeLessThan(0.35);
  });

  it('has features and responses that its surface declares', () => {
    for (const config of [world, parseWorld({ positions: { count: 2 } })]) {
      const surface = sessionFeedSurface(config, { name: 'feed' });
      const life = createLife(config, 'u', new CountedStreams(createRandom(1)).of(3));
      for (let f = life.request(); f !== null; f = life.request()) {
        expect(Object.keys(f)).toEqual(surface.features.map(({ name }) => name));
        for (const spec of surface.features)
          if (spec.type === 'numeric') {
            expect(f[spec.name]).toBeGreaterThanOrEqual(spec.min);
            expect(f[spec.name]).toBeLessThanOrEqual(spec.max);
          }
        life.act(1);
      }
    }
  });
});

/** Inserts where the page's expected gain in watch time, read from the features, is above a threshold. */
function gainAbove({ live, short }: FeedWorldConfig, threshold: number): LivePolicy {
  const page = 130;
  const logit = (p: number): number => Math.log(p / (1 - p));
  return (f) => {
    const l = logit(Math.min(0.999, Math.max(0.001, Number(f['liveAffinity']))));
    const q = Number(f['candidateScore']) - 0.5;
    const tired =
      Math.min(1, 0.2 * Number(f['livesInSession'])) * (Number(f['secondsSinceLive']) < 300 ? 1 : 0.3);
    const p =
      1 /
      (1 +
        Math.exp(
          -(live.enterIntercept + live.enterInterest * l + live.enterQuality * q - live.enterFatigue * tired),
        ));
    const watch =
      live.watchMedianSeconds *
      Math.exp(live.watchInterest * l + live.watchQuality * q + live.watchSigma ** 2 / 2);
    const gain = p * (watch - short.displacedEntered * page) - (1 - p) * short.displacedSkipped * page;
    return gain > threshold ? 1 : 0;
  };
}
