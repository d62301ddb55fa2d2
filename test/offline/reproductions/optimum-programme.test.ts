import { describe, expect, it } from 'vitest';
import { constrainedOptimum, excessOf } from '../../../offline/reproductions/optimum/constrained-optimum.ts';
import { optimalPolicy } from '../../../src/simulation/tabular/dynamic-programming.ts';
import { evaluateTabular } from '../../../src/simulation/tabular/evaluate.ts';
import { feedTabularWorld } from '../../../src/simulation/tabular/feed-tabular-world.ts';
import { flooredWorld } from '../../../src/simulation/tabular/floored-world.ts';
import { served, type TabularWorld } from '../../../src/simulation/tabular/tabular-world.ts';
import { byHand, randomPolicy, randomWorld } from '../../simulation/tabular/worlds.ts';

const limited = (world: TabularWorld, limit: number, floor = 0): TabularWorld => ({
  ...world,
  explorationFloor: floor,
  constraints: [{ name: 'hides', on: { response: 'hide' }, direction: 'at-most', threshold: limit }],
});

describe('the constrained optimum', () => {
  it('without constraints is the optimum of dynamic programming', async () => {
    const feed = feedTabularWorld();
    const worlds = [1, 2, 3].map((seed) => randomWorld(seed)).concat({ ...feed, constraints: [] });
    for (const world of worlds) {
      const { value, mixedStates } = await constrainedOptimum(world);
      const exact = optimalPolicy(flooredWorld(world, world.explorationFloor)).value;
      expect(Math.abs(value - exact)).toBeLessThan(1e-9 * Math.abs(exact));
      expect(mixedStates).toBe(0);
    }
  });

  it('under a limit that does not bind is the same, at no price', async () => {
    const world = randomWorld(4);
    const slack = await constrainedOptimum(limited(world, 0.999));
    expect(slack.value).toBeCloseTo(optimalPolicy(world).value, 9);
    expect(slack.multipliers['hides']).toBe(0);
  });

  it('of the two-state world is the mixture worked out by hand', async () => {
    // With `none` in state 1: p of `live` in state 0 costs p / (1 + p/2) a decision and is worth 1 + 3p; limit ½ → p = ⅔.
    const { value, served: policy, truth, multipliers } = await constrainedOptimum(byHand(0.5));
    expect(value).toBeCloseTo(3, 9);
    expect(policy[1]).toBeCloseTo(2 / 3, 9);
    expect(policy[3]).toBeCloseTo(0, 9);
    expect(truth.perDecision['hide']).toBeCloseTo(0.5, 9);
    expect(multipliers['hides']).toBeCloseTo(4, 8);
  });

  it('under a binding limit costs exactly the limit and mixes in at most one state', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const world = randomWorld(seed);
      const free = evaluateTabular(world, optimalPolicy(world).policy).perDecision['hide'];
      const least = await leastHides(world);
      const limit = (free + least) / 2;
      const { truth, mixedStates, multipliers, value } = await constrainedOptimum(limited(world, limit));
      expect(truth.perDecision['hide']).toBeCloseTo(limit, 9);
      expect(mixedStates).toBeLessThanOrEqual(1);
      expect(multipliers['hides']).toBeGreaterThan(0);
      expect(value).toBeLessThan(optimalPolicy(world).value);
    }
  });

  it('mixes in at most as many states as constraints bind, on the feed with three of them', async () => {
    const { mixedStates, multipliers, value } = await constrainedOptimum(feedTabularWorld());
    const binding = Object.values(multipliers).filter((multiplier) => multiplier > 0).length;
    expect(binding).toBeGreaterThan(0);
    expect(mixedStates).toBeLessThanOrEqual(binding);
    expect(value).toBeGreaterThan(0);
  });

  it('is worth at least as much as every random policy that is feasible', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const world = limited(randomWorld(seed), 0.48);
      const { value } = await constrainedOptimum(world);
      const truths = Array.from({ length: 300 }, (_, i) =>
        evaluateTabular(world, randomPolicy(world, 1000 * seed + i)),
      );
      const feasible = truths.filter((truth) => excessOf(world.constraints[0], truth) <= 0);
      expect(feasible.length).toBeGreaterThan(20);
      for (const truth of feasible) expect(truth.value).toBeLessThanOrEqual(value + 1e-9);
    }
  });

  it('keeps the floor, and is worth no less than what is served of any policy under it', async () => {
    const world = limited(randomWorld(2), 0.5, 0.3);
    const optimum = await constrainedOptimum(world);
    for (const p of optimum.served) expect(p).toBeGreaterThanOrEqual(0.3 / 3 - 1e-12);
    for (let i = 0; i < 100; i++) {
      const truth = evaluateTabular(world, served(randomPolicy(world, i), 0.3, 3));
      if (excessOf(world.constraints[0], truth) <= 0) expect(truth.value).toBeLessThanOrEqual(optimum.value);
    }
  });

  it('under at-least turned around is the same as under at-most', async () => {
    const world = randomWorld(5);
    const most = await constrainedOptimum({
      ...world,
      constraints: [{ name: 'a', on: 'share-of-actions', direction: 'at-most', threshold: 0.4 }],
    });
    const never = await constrainedOptimum({
      ...world,
      constraints: [{ name: 'a', on: 'share-of-actions', direction: 'at-least', threshold: 1 }],
    });
    expect(most.truth.perDecision['share-of-actions']).toBeLessThanOrEqual(0.4 + 1e-9);
    expect(never.truth.perDecision['share-of-actions']).toBeCloseTo(1, 9);
  });

  it('that does not exist is refused, naming the constraints', async () => {
    await expect(constrainedOptimum(byHand(-0.1))).rejects.toMatchObject({
      code: 'config_invalid',
      violations: [{ field: 'constraints[0]' }],
    });
    const feed = feedTabularWorld();
    const tooStrict = feed.constraints.map((c) => ({ ...c, threshold: 0.001 }));
    await expect(constrainedOptimum({ ...feed, constraints: tooStrict })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});

/** The smallest hides per decision that any policy reaches, by bisection on the limit. */
async function leastHides(world: TabularWorld): Promise<number> {
  let [infeasible, feasible] = [0, 1];
  for (let i = 0; i < 12; i++) {
    const limit = (infeasible + feasible) / 2;
    const isFeasible = await constrainedOptimum(limited(world, limit)).then(
      () => true,
      () => false,
    );
    if (isFeasible) feasible = limit;
    else infeasible = limit;
  }
  return feasible;
}
