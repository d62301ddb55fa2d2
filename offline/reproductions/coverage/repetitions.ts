import { createRandom } from '../../../src/core/math/random.ts';
import { drawSample, factsOf } from './enumerable-world.ts';
import { drawFeed, feedSums, MOST_FEED_UNITS, type FeedSums } from './feed-regime.ts';
import { isUnusable, UNUSABLE } from './health.ts';
import { judge, methods, misses } from './intervals.ts';
import { firstUnits, type RegimeFacts, type UnitSample } from './unit-sample.ts';
import { enumerableWorlds } from './worlds.ts';

export type CoverageTask =
  | { readonly kind: 'truth'; readonly units: number; readonly seed: number }
  | { readonly kind: 'world'; readonly world: string; readonly repetitions: number; readonly seed: number }
  | {
      readonly kind: 'feed';
      readonly facts: readonly RegimeFacts[];
      readonly repetitions: number;
      readonly seed: number;
    };

/** How often each method answered, and how often its answer missed. */
export type Counts = Readonly<Record<string, readonly [answers: number, misses: number]>>;

export interface CoverageAnswer {
  readonly truth?: FeedSums;
  readonly regimes: readonly { readonly name: string; readonly counts: Counts }[];
}

/** A share of the study; a function of its task alone. */
export function task(share: CoverageTask): CoverageAnswer {
  if (share.kind === 'truth') return { truth: feedSums(share), regimes: [] };
  return { regimes: share.kind === 'world' ? worldCounts(share) : feedCounts(share) };
}

function worldCounts(task: Extract<CoverageTask, { kind: 'world' }>) {
  const world = enumerableWorlds.find(({ name }) => name === task.world);
  if (world === undefined) throw new RangeError(`no world named ${task.world}`);
  const facts = factsOf(world);
  const tally = createTally();
  for (let r = 0; r < task.repetitions; r++) {
    tally.add(drawSample(world, createRandom(task.seed).fork(`repetition ${r}`)), facts, task.seed + r);
  }
  return [{ name: world.name, counts: tally.counts }];
}

function feedCounts(task: Extract<CoverageTask, { kind: 'feed' }>) {
  const tallies = new Map(task.facts.map((facts) => [facts.name, createTally()]));
  for (let r = 0; r < task.repetitions; r++) {
    const random = createRandom(task.seed).fork(`repetition ${r}`);
    for (const [name, sample] of drawFeed(MOST_FEED_UNITS, random)) {
      const facts = task.facts.find((f) => f.name === name);
      if (facts === undefined) continue;
      tallies.get(name)?.add(firstUnits(sample, facts.units), facts, task.seed + r);
    }
  }
  return [...tallies].map(([name, { counts }]) => ({ name, counts }));
}

function createTally() {
  const names = [...methods.map(({ name }) => name), UNUSABLE];
  const counts = Object.fromEntries(names.map((name) => [name, [0, 0] as [number, number]]));
  return {
    counts,
    add(sample: UnitSample, facts: RegimeFacts, seed: number): void {
      const judged = judge(sample, facts, seed);
      counts[UNUSABLE][0]++;
      if (isUnusable(sample)) counts[UNUSABLE][1]++;
      for (const method of methods) {
        const missed = misses(method, judged);
        if (missed === null) continue;
        counts[method.name][0]++;
        if (missed) counts[method.name][1]++;
      }
    },
  };
}
