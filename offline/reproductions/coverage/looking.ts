import { createRandom } from '../../../src/core/math/random.ts';
import { AsymptoticSequence } from '../../../src/core/ope/confidence-sequence/asymptotic-sequence.ts';
import { BernoulliSequence } from '../../../src/core/ope/confidence-sequence/bernoulli-sequence.ts';
import { BettingSequence } from '../../../src/core/ope/confidence-sequence/betting-sequence.ts';
import { ConjugateMixtureSequence } from '../../../src/core/ope/confidence-sequence/conjugate-mixture-sequence.ts';
import { EmpiricalBernsteinSequence } from '../../../src/core/ope/confidence-sequence/empirical-bernstein-sequence.ts';
import { HoeffdingSequence } from '../../../src/core/ope/confidence-sequence/hoeffding-sequence.ts';
import { OffPolicySequence } from '../../../src/core/ope/confidence-sequence/off-policy-sequence.ts';
import { isIntervalRefusal, type IntervalResult } from '../../../src/core/ope/intervals/interval-result.ts';
import { normalQuantile } from '../../../src/core/math/normal.ts';
import { drawSample, factsOf, type EnumerableWorld } from './enumerable-world.ts';
import { LEVEL } from './intervals.ts';
import type { RegimeFacts, Truth } from './unit-sample.ts';
import { enumerableWorlds } from './worlds.ts';

/** Worlds of one row per unit, in which units arrive one by one and the interval is read after each. */
export const lookedAtWorlds: readonly EnumerableWorld[] = enumerableWorlds
  .filter(({ name }) =>
    ['moderate weights and rates', 'rare response (1 %)', 'large weights (to 35)'].includes(name),
  )
  .map((world) => ({ ...world, units: 400 }));

/** Asymptotic intervals begin here. */
const FIRST_LOOK = 30;

interface Stream {
  add(weight: number, response: number): void;
  interval(): IntervalResult | null;
}

export interface LookingMethod {
  readonly name: string;
  readonly kind: 'anytime' | 'asymptotic' | 'fixed-horizon';
  readonly target: (truth: Truth) => number;
  readonly start: (facts: RegimeFacts) => Stream | null;
}

const value = (truth: Truth): number => truth.value;

/** A sequence over w r ∈ [0, largest weight × largest response]. */
const ofProducts = (sequence: { add(x: number): void; interval(): IntervalResult }): Stream => ({
  add: (weight, response) => sequence.add(weight * response),
  interval: () => sequence.interval(),
});

const support = ({ largestWeight, responses }: RegimeFacts) => ({
  min: 0,
  max: largestWeight * responses.max,
});
const TUNED_AT = 200;

export const lookingMethods: readonly LookingMethod[] = [
  {
    name: 'cs-betting',
    kind: 'anytime',
    target: value,
    start: (facts) => ofProducts(new BettingSequence({ level: LEVEL, support: support(facts), grid: 200 })),
  },
  {
    name: 'cs-empirical-bernstein',
    kind: 'anytime',
    target: value,
    start: (facts) => ofProducts(new EmpiricalBernsteinSequence({ level: LEVEL, support: support(facts) })),
  },
  {
    name: 'cs-hoeffding',
    kind: 'anytime',
    target: value,
    start: (facts) =>
      ofProducts(new HoeffdingSequence({ level: LEVEL, support: support(facts), tunedAt: TUNED_AT })),
  },
  {
    name: 'cs-conjugate-mixture',
    kind: 'anytime',
    target: value,
    start: (facts) =>
      ofProducts(
        new ConjugateMixtureSequence({ level: LEVEL, support: support(facts), varianceTunedAt: 10 }),
      ),
  },
  {
    name: 'cs-off-policy (no bound on weights)',
    kind: 'anytime',
    target: value,
    start: ({ responses }) => new OffPolicySequence({ level: LEVEL, responses }),
  },
  {
    name: 'cs-bernoulli (the log’s own rate)',
    kind: 'anytime',
    target: (truth) => truth.behavior,
    start: ({ isBinary }) => {
      if (!isBinary) return null;
      const sequence = new BernoulliSequence({ level: LEVEL, tunedAt: TUNED_AT });
      return { add: (_, response) => sequence.add(response), interval: () => sequence.interval() };
    },
  },
  {
    name: 'cs-asymptotic',
    kind: 'asymptotic',
    target: value,
    start: () =>
      ofProducts(new AsymptoticSequence({ level: LEVEL, tunedAt: TUNED_AT, minUnits: FIRST_LOOK })),
  },
  {
    name: 'normal interval at every look (what not to do)',
    kind: 'fixed-horizon',
    target: value,
    start: () => repeatedNormal(),
  },
];

/** x̄ ∓ z s/√n after every unit: made for one look. */
function repeatedNormal(): Stream {
  const z = normalQuantile((1 + LEVEL) / 2);
  let [n, mean, squares] = [0, 0, 0];
  return {
    add(weight, response) {
      const before = weight * response - mean;
      n++;
      mean += before / n;
      squares += before * (weight * response - mean);
    },
    interval() {
      if (n < FIRST_LOOK) return null;
      const reach = z * Math.sqrt(squares / (n - 1) / n);
      return { method: 'gaussian', level: LEVEL, lower: mean - reach, upper: mean + reach };
    },
  };
}

export interface LookingTask {
  readonly world: string;
  readonly repetitions: number;
  readonly seed: number;
}

/** By method: streams, and streams in which the truth was ever outside. */
export type LookingCounts = Readonly<Record<string, readonly [streams: number, errors: number]>>;

export function task(task: LookingTask): LookingCounts {
  const world = lookedAtWorlds.find(({ name }) => name === task.world);
  if (world === undefined) throw new RangeError(`no world named ${task.world}`);
  const facts = factsOf(world);
  const counts = Object.fromEntries(lookingMethods.map(({ name }) => [name, [0, 0] as [number, number]]));
  for (let r = 0; r < task.repetitions; r++) {
    const { weighted, weights, plain } = drawSample(world, createRandom(task.seed).fork(`stream ${r}`));
    for (const method of lookingMethods) {
      const stream = method.start(facts);
      if (stream === null) continue;
      const isWrong = everOutside(stream, weighted.length, method.target(facts.truth), (k) => [
        weights[k],
        plain[k],
      ]);
      counts[method.name][0]++;
      if (isWrong) counts[method.name][1]++;
    }
  }
  return counts;
}

function everOutside(
  stream: Stream,
  units: number,
  truth: number,
  unit: (k: number) => readonly [weight: number, response: number],
): boolean {
  for (let k = 0; k < units; k++) {
    stream.add(...unit(k));
    const interval = stream.interval();
    if (interval === null || isIntervalRefusal(interval)) continue;
    if (truth < interval.lower - 1e-12 || truth > interval.upper + 1e-12) return true;
  }
  return false;
}
