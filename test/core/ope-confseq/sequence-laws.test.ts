import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/math/random.ts';
import { AsymptoticSequence } from '../../../src/core/ope/confidence-sequence/asymptotic-sequence.ts';
import { BernoulliSequence } from '../../../src/core/ope/confidence-sequence/bernoulli-sequence.ts';
import { BettingSequence } from '../../../src/core/ope/confidence-sequence/betting-sequence.ts';
import { ConjugateMixtureSequence } from '../../../src/core/ope/confidence-sequence/conjugate-mixture-sequence.ts';
import { EmpiricalBernsteinSequence } from '../../../src/core/ope/confidence-sequence/empirical-bernstein-sequence.ts';
import { GammaExponentialLower } from '../../../src/core/ope/confidence-sequence/gamma-exponential-lower.ts';
import { HoeffdingSequence } from '../../../src/core/ope/confidence-sequence/hoeffding-sequence.ts';
import { gammaExponentialBoundary } from '../../../src/core/ope/confidence-sequence/mixture-boundaries.ts';
import { OffPolicySequence } from '../../../src/core/ope/confidence-sequence/off-policy-sequence.ts';
import { intersect, type ConfidenceSequence } from '../../../src/core/ope/confidence-sequence/sequence.ts';
import type { Sides } from '../../../src/core/ope/intervals/interval-result.ts';
import {
  closeTo,
  intervalOf,
  mostMisses,
  refusalCode,
  worldRows,
  WORLD_VALUE,
} from '../ope-intervals/support.ts';

type Mergeable = ConfidenceSequence & { merge(other: never): void };
type Make = (level: number, sides?: Sides) => Mergeable;
const support = { min: 0, max: 2 };

const bounded: Readonly<Record<string, Make>> = {
  'cs-betting': (level, sides) => new BettingSequence({ level, sides, support, grid: 100 }),
  'cs-empirical-bernstein': (level, sides) => new EmpiricalBernsteinSequence({ level, sides, support }),
  'cs-conjugate-mixture': (level, sides) =>
    new ConjugateMixtureSequence({ level, sides, support, varianceTunedAt: 20 }),
  'cs-hoeffding': (level, sides) => new HoeffdingSequence({ level, sides, support, tunedAt: 200 }),
};
const all: Readonly<Record<string, Make>> = {
  ...bounded,
  'cs-asymptotic': (level) => new AsymptoticSequence({ level, tunedAt: 200, minUnits: 50 }),
  'cs-bernoulli': (level) => new BernoulliSequence({ level, tunedAt: 200 }),
};
const methods = Object.keys(all);

/** 0/1 with a mean of 0.3; skewed enough to matter, and inside every support. */
const draw = (random: Random): number => (random.uniform() < 0.3 ? 1 : 0);
const MEAN = 0.3;
const streamOf = (n: number, seed: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => draw(random));
};

const RUNS = 300;
const LENGTH = 400;
/** After every observation at first, when most errors happen, then after every twentieth. */
const isLook = (t: number): boolean => t <= 40 || t % 20 === 0;

/** Runs in which some look excluded the truth. */
function alarms(run: (seed: number) => boolean): number {
  let count = 0;
  for (let seed = 0; seed < RUNS; seed++) if (run(seed)) count++;
  return count;
}

function isEverWrong(sequence: ConfidenceSequence, seed: number): boolean {
  const random = createRandom(50_000 + seed);
  for (let t = 1; t <= LENGTH; t++) {
    sequence.add(draw(random));
    if (!isLook(t)) continue;
    const look = sequence.interval();
    if (refusalCode(look) === 'too_few_units') continue;
    const { lower, upper } = intervalOf(look);
    if (MEAN < lower || MEAN > upper) return true;
  }
  return false;
}

describe(`looked at ${40 + (LENGTH - 40) / 20} times in each of ${RUNS} runs`, () => {
  it.each(methods)('%s at 0.9 is ever wrong in at most 10 % of runs', (method) => {
    const wrong = alarms((seed) => isEverWrong(all[method](0.9), seed));
    expect(wrong).toBeLessThanOrEqual(mostMisses(RUNS, 0.1));
  });

  it.each(Object.keys(bounded))('%s, one side at 0.9, is ever wrong in at most 10 % of runs', (method) => {
    const wrong = alarms((seed) => isEverWrong(bounded[method](0.9, 'lower'), seed));
    expect(wrong).toBeLessThanOrEqual(mostMisses(RUNS, 0.1));
  });

  it('the off-policy one, knowing no bound of the weights, is ever wrong in at most 10 % of runs', () => {
    const wrong = alarms((seed) => {
      const sequence = new OffPolicySequence({ level: 0.9, responses: { min: 0, max: 1 } });
      return worldRows(LENGTH, 70_000 + seed).some(({ weight, response }, i) => {
        sequence.add(weight, response);
        if (!isLook(i + 1)) return false;
        const { lower, upper } = intervalOf(sequence.interval());
        return WORLD_VALUE < lower || WORLD_VALUE > upper;
      });
    });
    expect(wrong).toBeLessThanOrEqual(mostMisses(RUNS, 0.1));
  });

  it('a normal interval is wrong far more often: why sequences are needed', () => {
    const wrong = alarms((seed) => {
      const values = streamOf(LENGTH, 50_000 + seed);
      let sum = 0;
      return values.some((x, i) => {
        sum += x;
        const mean = sum / (i + 1);
        return i >= 29 && Math.abs(mean - MEAN) > 1.645 * Math.sqrt((mean * (1 - mean)) / (i + 1));
      });
    });
    expect(wrong).toBeGreaterThan(mostMisses(RUNS, 0.2));
  });
});

describe('every sequence', () => {
  const fed = (sequence: Mergeable, values: readonly number[]): Mergeable => {
    values.forEach((x) => sequence.add(x));
    return sequence;
  };

  it.each(methods)('%s widens with its level and shrinks with time', (method) => {
    const values = streamOf(3000, 1);
    const width = (level: number, n: number): number => {
      const { lower, upper } = intervalOf(fed(all[method](level), values.slice(0, n)).interval());
      return upper - lower;
    };
    expect(width(0.99, 300)).toBeGreaterThan(width(0.8, 300));
    expect(width(0.9, 3000)).toBeLessThan(0.6 * width(0.9, 300));
  });

  it.each(Object.keys(bounded))('%s spends all of α on one side when asked', (method) => {
    const values = streamOf(500, 2);
    const both = intervalOf(fed(bounded[method](0.9), values).interval());
    const lower = intervalOf(fed(bounded[method](0.9, 'lower'), values).interval());
    const upper = intervalOf(fed(bounded[method](0.9, 'upper'), values).interval());
    expect(lower.lower).toBeGreaterThanOrEqual(both.lower);
    expect(upper.upper).toBeLessThanOrEqual(both.upper);
    expect([lower.upper, upper.lower]).toEqual([support.max, support.min]);
  });

  it.each(['cs-hoeffding', 'cs-asymptotic', 'cs-bernoulli'])(
    '%s of merged parts is that of the whole',
    (method) => {
      const values = streamOf(500, 3);
      const merged = fed(all[method](0.9), values.slice(0, 180));
      merged.merge(fed(all[method](0.9), values.slice(180)) as never);
      const [a, b] = [merged, fed(all[method](0.9), values)].map((s) => intervalOf(s.interval()));
      closeTo(a.lower, b.lower, 1e-9);
      closeTo(a.upper, b.upper, 1e-9);
      expect(merged.count).toBe(500);
    },
  );

  it.each(['cs-betting', 'cs-empirical-bernstein', 'cs-conjugate-mixture'])(
    '%s of merged parts does not know which came first, tightens, and stays valid',
    (method) => {
      const part = (seed: number) => fed(bounded[method](0.9), streamOf(300, seed));
      const [ab, ba] = [part(1), part(2)];
      ab.merge(part(2) as never);
      ba.merge(part(1) as never);
      const [x, y, alone] = [ab, ba, part(1)].map((s) => intervalOf(s.interval()));
      closeTo(x.lower, y.lower, 1e-9);
      closeTo(x.upper, y.upper, 1e-9);
      expect(x.upper - x.lower).toBeLessThan(alone.upper - alone.lower);
      const wrong = alarms((seed) => {
        const merged = fed(bounded[method](0.9), streamOf(80, 900 + seed));
        merged.merge(fed(bounded[method](0.9), streamOf(80, 90_000 + seed)) as never);
        const { lower, upper } = intervalOf(merged.interval());
        return MEAN < lower || MEAN > upper;
      });
      expect(wrong).toBeLessThanOrEqual(mostMisses(RUNS, 0.1));
    },
  );

  it.each(['cs-hoeffding', 'cs-asymptotic', 'cs-bernoulli'])('%s does not know the order', (method) => {
    const values = streamOf(200, 4);
    const [a, b] = [values, values.slice().reverse()].map((v) =>
      intervalOf(fed(all[method](0.9), v).interval()),
    );
    closeTo(a.lower, b.lower, 1e-12);
    closeTo(a.upper, b.upper, 1e-12);
  });

  it.each(methods)('%s with update gives what add and interval give', (method) => {
    const values = streamOf(120, 5);
    const stepped = all[method](0.9);
    const last = values.map((x) => stepped.update(x)).at(-1);
    expect(last).toEqual(fed(all[method](0.9), values).interval());
  });

  it.each([...Object.keys(bounded), 'cs-bernoulli'])(
    '%s refuses once an observation left the support',
    (method) => {
      for (const bad of [-0.1, 2.1, NaN]) {
        const sequence = fed(all[method](0.9), streamOf(50, 6));
        expect(refusalCode(sequence.update(bad))).toBe('support_violated');
        expect(refusalCode(sequence.update(1))).toBe('support_violated');
      }
    },
  );

  it('the asymptotic one has no interval before its minimum', () => {
    expect(refusalCode(fed(all['cs-asymptotic'](0.9), streamOf(49, 7)).interval())).toBe('too_few_units');
  });

  it('of nothing at all is the whole support', () => {
    for (const method of Object.keys(bounded)) {
      expect(intervalOf(bounded[method](0.9).interval())).toMatchObject({ lower: 0, upper: 2 });
    }
  });
});

describe('the running intersection', () => {
  const at = (lower: number, upper: number) => ({ method: 'm', level: 0.9, lower, upper });

  it('never widens, and is null once nothing is left: the assumptions are refuted', () => {
    expect(intersect(null, at(0, 1))).toEqual(at(0, 1));
    expect(intersect(at(0.2, 0.7), at(0.1, 0.5))).toEqual(at(0.2, 0.5));
    expect(intersect(at(0.2, 0.3), at(0.4, 0.5))).toBeNull();
  });
});

describe('the off-policy sequence', () => {
  it('cuts a prediction that large weights have pushed above 1, without which it would not be valid', () => {
    const lower = new GammaExponentialLower(0.05, 1, { mean: 0.5, weight: 1 });
    for (let t = 0; t < 400; t++) lower.add(1.5);
    // x̂ = ½, then 1 for good: the steps cost 1 and 399 · ¼, not next to nothing.
    const boundary = gammaExponentialBoundary(1 + 399 / 4, 0.05, 1, 1);
    closeTo(lower.value(), 1.5 - boundary / 400, 1e-12);
  });

  it('refuses negative weights and responses outside the declared range', () => {
    const make = () => new OffPolicySequence({ level: 0.9, responses: { min: 0, max: 1 } });
    expect(refusalCode(make().update(-1, 0))).toBe('support_violated');
    expect(refusalCode(make().update(1, 1.5))).toBe('support_violated');
    expect(refusalCode(make().update(NaN, 0.5))).toBe('support_violated');
  });

  it('of a shifted and scaled response is the shifted and scaled interval', () => {
    const [plain, moved] = [
      new OffPolicySequence({ level: 0.9, responses: { min: 0, max: 1 } }),
      new OffPolicySequence({ level: 0.9, responses: { min: -5, max: 15 } }),
    ];
    for (const { weight, response } of worldRows(500, 8)) {
      plain.add(weight, response);
      moved.add(weight, 20 * response - 5);
    }
    const [a, b] = [plain, moved].map((s) => intervalOf(s.interval()));
    closeTo(b.lower, 20 * a.lower - 5, 1e-9);
    closeTo(b.upper, 20 * a.upper - 5, 1e-9);
  });
});
