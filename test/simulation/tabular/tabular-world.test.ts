import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AllotError } from '../../../src/core/errors.ts';
import { checkSurface } from '../../../src/core/surface/check-surface.ts';
import { evaluateTabular, stateOccupancy, stateValues } from '../../../src/simulation/tabular/evaluate.ts';
import { optimalPolicy } from '../../../src/simulation/tabular/dynamic-programming.ts';
import { feedTabularWorld } from '../../../src/simulation/tabular/feed-tabular-world.ts';
import { flooredWorld } from '../../../src/simulation/tabular/floored-world.ts';
import { parseTabularWorld } from '../../../src/simulation/tabular/parse-tabular-world.ts';
import { sampleLog } from '../../../src/simulation/tabular/sample-log.ts';
import { solveLinear } from '../../../src/simulation/tabular/solve-linear.ts';
import { tabularSurface } from '../../../src/simulation/tabular/tabular-surface.ts';
import { fixedPolicy, served, tableOf } from '../../../src/simulation/tabular/tabular-world.ts';
import { byHand, randomPolicy, randomWorld } from './worlds.ts';

const feed = feedTabularWorld();
const startValue = (world: typeof feed, values: Float64Array): number =>
  values.reduce((sum, v, s) => sum + world.states[s].start * v, 0);

describe('a linear system', () => {
  it('is solved where elimination has to exchange rows', () => {
    const x = solveLinear(Float64Array.of(0, 2, 1, 1, 1, 1, 4, 0, 3), Float64Array.of(7, 6, 13));
    [1, 2, 3].forEach((value, i) => expect(x[i]).toBeCloseTo(value, 12));
  });

  it('without one solution is refused', () => {
    expect(() => solveLinear(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 2))).toThrow(/one solution/);
  });
});

describe('exact values', () => {
  it('of the two-state world are those worked out by hand', () => {
    const world = byHand();
    const value = (policy: number[]): number => evaluateTabular(world, Float64Array.from(policy)).value;
    expect(value([1, 0, 1, 0])).toBe(1);
    expect(value([0, 1, 1, 0])).toBe(2 + 0.5 * 4);
    expect(value([0, 1, 0, 1])).toBe(2 + 0.5 * 6);
    const mixed = evaluateTabular(world, Float64Array.of(0.5, 0.5, 0, 1));
    expect(mixed.value).toBeCloseTo(0.5 + 0.5 * 5, 14);
    expect(mixed.decisions).toBeCloseTo(1.25, 14);
    expect(mixed.perDecision['hide']).toBeCloseTo((0.5 + 0.25) / 1.25, 14);
    expect(mixed.perDecision['share-of-actions']).toBeCloseTo(0.75 / 1.25, 14);
  });

  it('by occupancy and by the Bellman equation are the same', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = randomWorld(seed);
      const policy = randomPolicy(world, seed + 50);
      const byBellman = startValue(world, stateValues(world, policy, tableOf(world, 'watch')));
      expect(evaluateTabular(world, policy).value).toBeCloseTo(byBellman, 10);
    }
  });

  it('satisfy the Bellman equation to rounding on the feed', () => {
    const policy = fixedPolicy(feed, [0.5, 0.5]);
    const reward = tableOf(feed, 'watch_seconds');
    const v = stateValues(feed, policy, reward);
    feed.states.forEach((state, s) => {
      const right = state.actions.reduce((sum, { next }, a) => {
        const ahead = next.reduce((total, [target, p]) => total + p * v[target], 0);
        return sum + policy[2 * s + a] * (reward[2 * s + a] + feed.discount * ahead);
      }, 0);
      expect(Math.abs(v[s] - right)).toBeLessThan(1e-10);
    });
  });

  it('have an occupancy that sums to 1 / (1 − γ) where no session ends', () => {
    const world = byHand();
    const endless = {
      ...world,
      states: world.states.map((s) => ({
        ...s,
        actions: s.actions.map((o) => ({ ...o, next: [[1, 1]] as const })),
      })),
    };
    const sum = stateOccupancy(endless, Float64Array.of(1, 0, 1, 0)).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1 / (1 - 0.5), 12);
  });

  it('are what sampled sessions average to', () => {
    const policy = fixedPolicy(feed, [0.4, 0.6]);
    const exact = evaluateTabular(feed, policy);
    const units = 1500;
    const rows = sampleLog(feed, policy, { units, seed: 3 });
    const byUnit = new Map<string, number>();
    let at = 0;
    rows.forEach((row, i) => {
      at = i > 0 && rows[i - 1].unitId === row.unitId ? at + 1 : 0;
      const gained = feed.discount ** at * row.responses['watch_seconds'];
      byUnit.set(row.unitId, (byUnit.get(row.unitId) ?? 0) + gained);
    });
    const values = [...byUnit.values()];
    const mean = values.reduce((a, b) => a + b, 0) / units;
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / units);
    expect(Math.abs(mean - exact.value)).toBeLessThan((4 * deviation) / Math.sqrt(units));
  });
});

describe('dynamic programming', () => {
  it('finds the optimum worked out by hand', () => {
    const { value, policy } = optimalPolicy(byHand());
    expect(value).toBe(5);
    expect([...policy]).toEqual([0, 1, 0, 1]);
  });

  it('is beaten by no random policy and by no single change of action', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = randomWorld(seed);
      const { value, policy } = optimalPolicy(world);
      for (let i = 0; i < 20; i++) {
        expect(evaluateTabular(world, randomPolicy(world, 100 * seed + i)).value).toBeLessThanOrEqual(value);
      }
      for (let s = 0; s < world.states.length; s++) {
        const changed = policy.slice();
        changed.copyWithin(3 * s, 3 * s + 1, 3 * s + 3);
        changed[3 * s + 2] = policy[3 * s];
        expect(evaluateTabular(world, changed).value).toBeLessThanOrEqual(value + 1e-9);
      }
    }
  });
});

describe('the floored world', () => {
  it('gives every policy the value and costs of what is served of it', () => {
    const floored = flooredWorld(feed, 0.1);
    const policy = randomPolicy(feed, 8);
    const chosen = evaluateTabular(floored, policy);
    const actual = evaluateTabular(feed, served(policy, 0.1, 2));
    expect(chosen.value).toBeCloseTo(actual.value, 9);
    for (const [name, value] of Object.entries(actual.perDecision)) {
      expect(chosen.perDecision[name]).toBeCloseTo(value, 11);
    }
  });
});

describe('a sampled log', () => {
  const policy = fixedPolicy(feed, [0.5, 0.5]);
  const rows = sampleLog(feed, policy, { units: 60, seed: 5 });

  it('is the same for the same seed, and its first units do not depend on how many follow', () => {
    expect(sampleLog(feed, policy, { units: 60, seed: 5 })).toEqual(rows);
    const fewer = sampleLog(feed, policy, { units: 20, seed: 5 });
    expect(rows.slice(0, fewer.length)).toEqual(fewer);
  });

  it('links every session and ends it once', () => {
    rows.forEach((row, i) => {
      expect(row.hasNext).toBe(rows[i + 1]?.unitId === row.unitId);
      expect(row.done).toBe(!row.hasNext);
      expect(row.propensity).toBe(row.probabilities[row.action]);
    });
  });

  it('moves only where the world can', () => {
    rows.forEach((row, i) => {
      if (!row.hasNext) return;
      const targets = feed.states[row.state].actions[row.action].next.map(([target]) => target);
      expect(targets).toContain(rows[i + 1].state);
    });
  });
});

describe('a tabular world as JSON', () => {
  const raw = { kind: 'tabular', ...feed };

  it('is read back as it was written, and its surface may be served', () => {
    expect(parseTabularWorld(JSON.parse(JSON.stringify(raw)))).toEqual(feed);
    expect(checkSurface(tabularSurface(feed))).toEqual([]);
  });

  it('as the documentation shows it, is a world', () => {
    const page = readFileSync(new URL('../../../docs/tabular-world.md', import.meta.url), 'utf8');
    const example = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(parseTabularWorld(JSON.parse(example)).states.length).toBe(2);
  });

  it.each([
    ['kind', { kind: 'feed' }],
    ['discount', { discount: 1 }],
    ['surprise', { surprise: 1 }],
    ['states', { states: [] }],
    ['states[0].at', { states: [{ ...feed.states[0], at: [1, 2, 3, 4] }, ...feed.states.slice(1)] }],
    ['states', { states: [{ ...feed.states[0], start: 0.9 }, ...feed.states.slice(1)] }],
    ['states', { states: [{ ...feed.states[0], at: feed.states[1].at }, ...feed.states.slice(1)] }],
    ['states[0].actions', { states: [{ ...feed.states[0], actions: [] }, ...feed.states.slice(1)] }],
    ['dimensions[0].levels', { dimensions: [{ name: 'x', levels: [2, 1] }, ...feed.dimensions.slice(1)] }],
    ['constraints[0].on.response', { constraints: [{ ...feed.constraints[0], on: { response: 'gone' } }] }],
  ])('that breaks %s is refused with the field', (field, change) => {
    let caught: unknown;
    try {
      parseTabularWorld({ ...raw, ...change });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(AllotError);
    expect((caught as AllotError).code).toBe('config_invalid');
    expect((caught as AllotError).violations.map((v) => v.field)).toContain(field);
  });

  it('refuses transitions above 1, impossible events and unknown states together', () => {
    const broken = structuredClone(raw) as typeof raw & { states: { actions: unknown[] }[] };
    broken.states[0].actions[0] = {
      next: [
        [0, 0.9],
        [99, 0.3],
      ],
      means: { ...feed.states[0].actions[0].means, hide: 2 },
    };
    expect(() => parseTabularWorld(broken)).toThrow(AllotError);
    try {
      parseTabularWorld(broken);
    } catch (error) {
      expect((error as AllotError).violations.map((v) => v.field)).toEqual([
        'states[0].actions[0].next',
        'states[0].actions[0].next',
        'states[0].actions[0].means.hide',
      ]);
    }
  });
});
