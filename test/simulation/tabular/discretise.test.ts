import { describe, expect, it } from 'vitest';
import { parseWorld } from '../../../src/simulation/parse-world.ts';
import { discretise } from '../../../src/simulation/tabular/discretise.ts';
import { evaluateTabular } from '../../../src/simulation/tabular/evaluate.ts';
import { combinations, indexOf, interpolate } from '../../../src/simulation/tabular/grid.ts';
import { parseTabularWorld } from '../../../src/simulation/tabular/parse-tabular-world.ts';
import { fixedPolicy } from '../../../src/simulation/tabular/tabular-world.ts';

describe('a grid', () => {
  it('keeps the mean of what it moves to levels, and clamps what is outside', () => {
    const levels = [-1, 0, 0.5, 2];
    for (const value of [-1, -0.3, 0, 0.1, 0.5, 1.7, 2]) {
      const at = interpolate(levels, value);
      expect(at.reduce((sum, [, weight]) => sum + weight, 0)).toBeCloseTo(1, 14);
      expect(at.reduce((sum, [level, weight]) => sum + levels[level] * weight, 0)).toBeCloseTo(value, 14);
    }
    expect(interpolate(levels, 9)).toEqual([[3, 1]]);
    expect(interpolate(levels, -9)).toEqual([[0, 1]]);
  });

  it('numbers its combinations in their order', () => {
    const sizes = [2, 3, 2];
    combinations(sizes).forEach((place, i) => expect(indexOf(sizes, place)).toBe(i));
  });
});

describe('the tabular counterpart of a feed world', () => {
  const config = parseWorld({});
  const world = discretise(config);

  it('is a tabular world, the same for the same seed', () => {
    expect(parseTabularWorld({ kind: 'tabular', ...world })).toEqual(world);
    expect(world.constraints.map(({ name }) => name)).toEqual(['hide-rate', 'live-share']);
  });

  it('has the exact probabilities of what happens when nothing is inserted', () => {
    const { perDecision } = evaluateTabular(world, fixedPolicy(world, [1, 0]));
    expect(perDecision['hide']).toBeCloseTo(config.reactions.hideNull, 12);
    expect(perDecision['like']).toBeCloseTo(config.reactions.likeNull, 12);
    expect(perDecision['live_watch_seconds']).toBe(0);
  });

  it('never leads out of the unit’s group and interest', () => {
    for (const state of world.states)
      for (const { next } of state.actions)
        for (const [target] of next)
          expect(world.states[target].at.slice(0, 2)).toEqual(state.at.slice(0, 2));
  });

  it('has an action per position, the lower ones cheaper and less entered', () => {
    const small = { groups: config.groups.slice(0, 1).map((group) => ({ ...group, share: 1 })) };
    const many = discretise(
      parseWorld({ ...small, positions: { count: 3, enterDrop: 0.5, costShare: 0.5 } }),
    );
    expect(many.actions).toEqual(['none', 'position-1', 'position-2', 'position-3']);
    const watched = [1, 2, 3].map((a) => many.states[0].actions[a].means['live_watch_seconds']);
    expect(watched[0]).toBeGreaterThan(watched[1]);
    expect(watched[1]).toBeGreaterThan(watched[2]);
  });
});
