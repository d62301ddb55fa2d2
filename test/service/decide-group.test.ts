import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionEvent } from '../../src/core/feedback/events.ts';
import type { SurfaceDeclaration } from '../../src/service/schemas/surface.ts';
import { MAX_WAITING_CHARACTERS, type DecideResult } from '../../src/service/serving/decide-group.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

const capped: SurfaceDeclaration = {
  ...liveFeed,
  caps: [{ name: 'twice', action: 'live', rule: { kind: 'unit-window', limit: 2, windowSeconds: 60 } }],
};

describe('decisions that are made together', () => {
  let world: ApiWorld;
  let writes: number;
  beforeEach(async () => {
    world = await createApiWorld();
    writes = 0;
    const appendAll = world.journal.appendAll.bind(world.journal);
    world.journal.appendAll = (events, texts) => {
      writes += 1;
      appendAll(events, texts);
    };
  });
  afterEach(() => world.stop());

  const serve = async (probabilities: number[], declaration = liveFeed): Promise<void> => {
    const surface = await world.declare(declaration);
    const version = await world.policy(surface, probabilities);
    await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
  };
  const call = (requestId: string, more: Record<string, unknown> = {}) => ({
    body: {
      requestId,
      surface: 'live-feed',
      unitId: `unit-${requestId}`,
      features: { hour: 3 },
      ...more,
    },
    principal: world.admin,
  });
  const answers = (results: readonly DecideResult[]) =>
    results.map((result) => {
      if ('error' in result) throw result.error;
      return result.answer;
    });
  const logged = (): DecisionEvent[] => world.journal.events.filter((e) => e.kind === 'decision');

  it('are recorded by one write, in their order, as they are answered', async () => {
    await serve([0.4, 0.6]);
    const calls = Array.from({ length: 50 }, (_, i) => call(`r-${String(i)}`));
    const decided = answers(world.serving.decideAll(calls));
    expect(writes).toBe(1);
    expect(logged().map(({ decisionId }) => decisionId)).toEqual(decided.map((a) => a.decisionId));
    expect(logged().map(({ propensity }) => propensity)).toEqual(decided.map((a) => a.propensity));
    expect(decided.map((a) => a.action)).toEqual(
      answers(world.serving.decideAll(calls)).map((a) => a.action),
    );
    expect(writes).toBe(1);
  });

  it('are recorded by several writes when they are large: what waits to be written is bounded', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `feature-${String(i).padStart(50, '0')}`);
    const many = names.map((name) => ({ name, type: 'numeric', min: 0, max: 1, default: 0 }) as const);
    await serve([0.4, 0.6], { ...liveFeed, features: [...(liveFeed.features ?? []), ...many] });
    const calls = Array.from({ length: 400 }, (_, i) => call(`r-${String(i)}`));
    const decided = answers(world.serving.decideAll(calls));
    const characters = logged().reduce((sum, event) => sum + JSON.stringify(event).length, 0);
    expect(writes).toBe(Math.ceil(characters / MAX_WAITING_CHARACTERS));
    expect(writes).toBeGreaterThan(1);
    expect(logged().map(({ decisionId }) => decisionId)).toEqual(decided.map((a) => a.decisionId));
  });

  it('are all the safe action when their write fails, and nothing of them stays', async () => {
    await serve([0, 1], { ...capped, explorationFloor: 0 });
    world.journal.failNextAppend();
    const calls = ['a', 'b', 'c'].map((id) => call(id, { unitId: `u-${id}` }));
    for (const answer of answers(world.serving.decideAll(calls))) {
      expect(answer).toMatchObject({
        action: 'none',
        propensity: 1,
        fallback: 'unlogged',
        policyVersion: null,
      });
    }
    expect(logged()).toHaveLength(0);
    // Not remembered: the same requests are decided anew. Not counted: each unit still has both of its two.
    expect(answers(world.serving.decideAll(calls)).map(({ action }) => action)).toEqual([
      'live',
      'live',
      'live',
    ]);
    const second = ['a', 'b', 'c'].map((id) => call(`${id}-2`, { unitId: `u-${id}` }));
    expect(answers(world.serving.decideAll(second)).map(({ action }) => action)).toEqual([
      'live',
      'live',
      'live',
    ]);
    const third = ['a', 'b', 'c'].map((id) => call(`${id}-3`, { unitId: `u-${id}` }));
    expect(answers(world.serving.decideAll(third)).map(({ action }) => action)).toEqual([
      'none',
      'none',
      'none',
    ]);
  });

  it('of which one repeats another get one answer and one record', async () => {
    await serve([0.4, 0.6]);
    const [first, , again] = answers(world.serving.decideAll([call('same'), call('other'), call('same')]));
    expect(again).toStrictEqual(first);
    expect(logged()).toHaveLength(2);
  });

  it('of which one repeats another with a different body: that one alone is refused', async () => {
    await serve([0.4, 0.6]);
    const [first, conflict, last] = world.serving.decideAll([
      call('same'),
      call('same', { features: { hour: 4 } }),
      call('last'),
    ]);
    expect(conflict).toMatchObject({ error: { code: 'request_id_conflict' } });
    expect(first).toHaveProperty('answer');
    expect(last).toHaveProperty('answer');
  });

  it('of one unit hold its cap between them, as one after the other would', async () => {
    await serve([0, 1], { ...capped, explorationFloor: 0 });
    const calls = Array.from({ length: 5 }, (_, i) => call(`r-${String(i)}`, { unitId: 'u-1' }));
    expect(answers(world.serving.decideAll(calls)).map(({ action }) => action)).toEqual([
      'live',
      'live',
      'none',
      'none',
      'none',
    ]);
  });

  it('that wait for each other lose only those whose write failed', async () => {
    await serve([0, 1], { ...capped, explorationFloor: 0 });
    world.journal.failNextAppend();
    const calls = ['r-1', 'r-2', 'r-3'].map((id) => call(id, { unitId: 'u-1' }));
    expect(answers(world.serving.decideAll(calls)).map(({ fallback }) => fallback)).toEqual([
      'unlogged',
      null,
      null,
    ]);
    expect(logged()).toHaveLength(2);
  });

  it('do not share the refusal of a neighbour', async () => {
    await serve([0.4, 0.6]);
    const results = world.serving.decideAll([call('good'), call('bad', { features: {} }), call('fine')]);
    expect(results.map((result) => 'answer' in result)).toEqual([true, false, true]);
    expect(logged()).toHaveLength(2);
  });
});
