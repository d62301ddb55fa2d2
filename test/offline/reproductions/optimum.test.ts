import { describe, expect, it } from 'vitest';
import { constrainedOptimum } from '../../../offline/reproductions/optimum/constrained-optimum.ts';
import { optimumMethods } from '../../../offline/reproductions/optimum/methods.ts';
import { bestOf, outcomeOf, withTolerance } from '../../../offline/reproductions/optimum/outcomes.ts';
import { behavior, task, type OptimumRun } from '../../../offline/reproductions/optimum/run-method.ts';
import { optimumSettings } from '../../../offline/reproductions/optimum/settings.ts';
import { optimum } from '../../../offline/reproductions/optimum/study.ts';
import { algorithmNames, createAlgorithm } from '../../../offline/learning/algorithms/create-algorithm.ts';
import { evaluateTabular } from '../../../src/simulation/tabular/evaluate.ts';
import { feedTabularWorld } from '../../../src/simulation/tabular/feed-tabular-world.ts';
import { fixedPolicy, served } from '../../../src/simulation/tabular/tabular-world.ts';
import { byHand } from '../../simulation/tabular/worlds.ts';

const quick = { seeds: [1], units: null, workers: 1, isShort: true, world: null } as const;
const progress = { step: () => undefined, advance: () => undefined, done: () => undefined };
const feed = feedTabularWorld();
const settings = optimumSettings({ units: null, isShort: true });
const methods = optimumMethods(feed, settings, { displaced_seconds: 3, hide: 0 });

describe('the methods of the optimum study', () => {
  it('are every algorithm of the registry and the trivial arms, each with a config that it accepts', () => {
    const trained = methods.flatMap((method) => (method.arm === 'trained' ? [method] : []));
    expect([...new Set(trained.map(({ algorithm }) => algorithm))]).toEqual([...algorithmNames]);
    for (const { algorithm, config } of trained) createAlgorithm(algorithm, config);
    expect(methods.filter(({ arm }) => arm !== 'trained').map(({ name }) => name)).toEqual([
      'always-null',
      'always-live',
      'behaviour',
      'greedy on the true immediate reward',
    ]);
  });

  it('know the discount of the world, and only binding multipliers', () => {
    const crr = methods.find(({ name }) => name === 'crr, λ given');
    expect(crr).toMatchObject({ config: { discount: feed.discount, multipliers: { displaced_seconds: 3 } } });
    expect(methods.map(({ name }) => name)).not.toContain('bc, λ given');
  });

  it('give the trivial arms their exact values', async () => {
    const shared = { world: feed, settings };
    const run = async (name: string): Promise<OptimumRun> => {
      const method = methods.find((m) => m.name === name);
      if (method === undefined) throw new Error(name);
      return task({ method, seed: 1 }, { shared });
    };
    const { truth } = await run('always-live');
    expect(truth).toEqual(evaluateTabular(feed, served(fixedPolicy(feed, [0, 1]), 0.1, 2)));
    expect((await run('behaviour')).truth).toEqual(evaluateTabular(feed, behavior(feed)));
  });
});

describe('shares', () => {
  const world = byHand(0.5);
  const run = (policy: number[], seed: number): OptimumRun => {
    const truth = evaluateTabular(world, Float64Array.from(policy));
    return { seed, truth, diverged: null, policy, trainingSeconds: 1 };
  };
  const method = { name: 'x', arm: 'trained', algorithm: 'bc', config: {}, limits: 'none' } as const;
  const bounds = { constrained: 3, unconstrained: 5, nothing: 1 };

  it('are of feasible seeds only, and their gain counts from doing nothing', () => {
    const outcome = outcomeOf(world, bounds, method, [run([0.5, 0.5, 1, 0], 1), run([0, 1, 0, 1], 2)]);
    expect(outcome).toMatchObject({ finished: 2, feasible: 1 });
    expect(outcome.share?.mean).toBeCloseTo(2.5 / 3, 12);
    expect(outcome.gainShare?.mean).toBeCloseTo(1.5 / 2, 12);
    expect(outcome.unconstrainedShare?.mean).toBeCloseTo((2.5 + 5) / 2 / 5, 12);
    expect(bestOf([outcome])).toBeNull();
  });

  it('of a training that stopped itself are none', () => {
    const stopped: OptimumRun = { seed: 1, truth: null, diverged: 'why', policy: [], trainingSeconds: 0 };
    expect(outcomeOf(world, bounds, method, [stopped])).toMatchObject({
      share: null,
      value: null,
      feasible: 0,
    });
  });

  it('are taken of an optimum with the room that feasibility has, so that none exceeds 1', async () => {
    const { served: policy, value } = await constrainedOptimum(withTolerance(world));
    const outcome = outcomeOf(world, { ...bounds, constrained: value }, method, [run([...policy], 1)]);
    expect(outcome.feasible).toBe(1);
    expect(outcome.share?.mean).toBeCloseTo(1, 9);
  });
});

describe('the optimum study', { timeout: 120_000 }, () => {
  it('in its short form runs every method and claims only what is exact', async () => {
    const { tables, result } = await optimum({ ...quick, progress });
    const [table] = tables;
    expect(table.claims.map(({ holds }) => holds)).toEqual([true, true]);
    expect(table.rows.map(([name]) => name)).toEqual(expect.arrayContaining([...algorithmNames]));
    const answer = JSON.parse(JSON.stringify(result)) as {
      methods: { name: string }[];
      optimum: { value: number };
    };
    expect(answer.optimum.value).toBeGreaterThan(0);
    expect(answer.methods.length).toBe(table.rows.length - 3);
  });

  it('refuses a world that no policy can satisfy', async () => {
    const raw = { kind: 'tabular', ...feed, constraints: [{ ...feed.constraints[0], threshold: 0.001 }] };
    const refused = optimum({ ...quick, progress, world: { name: 'strict', raw } });
    await expect(refused).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
