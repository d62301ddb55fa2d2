import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionEvent } from '../../src/core/feedback/events.ts';
import { drawUniform } from '../../src/core/policy/draw.ts';
import { drawAction } from '../../src/core/policy/serve.ts';
import type { SurfaceDeclaration } from '../../src/service/schemas/surface.ts';
import { createApiWorld, liveFeed, testSecrets, type ApiWorld } from '../support/api-world.ts';

describe('the decide path', () => {
  let world: ApiWorld;
  let now = Date.UTC(2026, 0, 1);
  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1);
    world = await createApiWorld({ clock: () => now });
  });
  afterEach(() => world.stop());

  const request = (requestId: string, more: Record<string, unknown> = {}) => ({
    requestId,
    surface: 'live-feed',
    unitId: 'u-1',
    features: { hour: 3 },
    ...more,
  });
  const ask = (requestId: string, more: Record<string, unknown> = {}) =>
    world.serving.decide(request(requestId, more), world.admin);
  const logged = (): DecisionEvent[] => world.journal.events.filter((e) => e.kind === 'decision');
  const serve = async (
    probabilities: number[],
    declaration: SurfaceDeclaration = liveFeed,
  ): Promise<void> => {
    const surface = await world.declare(declaration);
    const version = await world.policy(surface, probabilities);
    await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
  };

  it('answers the propensity that it logs, and both follow from the draw key', async () => {
    await serve([0.7, 0.3]);
    for (let i = 0; i < 200; i += 1) {
      const answer = ask(`r-${String(i)}`, { unitId: `u-${String(i % 7)}` });
      const event = logged()[i];
      expect(event.decisionId).toBe(answer.decisionId);
      expect(Object.values(answer.probabilities)).toEqual(event.probabilities);
      expect(answer.propensity).toBe(event.probabilities[['none', 'live'].indexOf(answer.action)]);
      const { tenant, surface, unitId, requestId } = event;
      const draw = drawUniform(testSecrets.drawKey, { tenant, surface, unitId, requestId, slot: 0 });
      expect(event.draw).toBe(draw);
      expect(['none', 'live'][drawAction(event.probabilities, draw)]).toBe(answer.action);
      expect(event.probabilities[0] + event.probabilities[1]).toBeCloseTo(1, 12);
    }
    expect(new Set(logged().map(({ action }) => action))).toEqual(new Set(['none', 'live']));
  });

  it('every decision logged can be replayed from its record', async () => {
    await serve([0.4, 0.6], {
      ...liveFeed,
      caps: [{ name: 'twice', action: 'live', rule: { kind: 'unit-window', limit: 2, windowSeconds: 60 } }],
      pacing: { targetShare: 0.2 },
    });
    for (let i = 0; i < 40; i += 1) ask(`r-${String(i)}`, i % 3 === 0 ? { eligibleActions: ['none'] } : {});
    for (const { decisionId } of logged()) {
      const replay = await world.services.decisions.replay(decisionId, world.admin);
      expect(replay).toMatchObject({ match: true });
    }
  });

  it('a replay of a record that was tampered with does not match', async () => {
    await serve([0.4, 0.6]);
    const { decisionId } = ask('r-1');
    const event = logged()[0];
    const tampered = { ...event, probabilities: [0.5, 0.5] };
    world.journal.events[world.journal.events.indexOf(event)] = tampered;
    expect(await world.services.decisions.replay(decisionId, world.admin)).toMatchObject({ match: false });
  });

  it('the same request gets the same answer, and is logged once', async () => {
    await serve([0.5, 0.5]);
    const first = ask('again');
    expect(ask('again')).toStrictEqual(first);
    expect(logged()).toHaveLength(1);
  });

  it('of the same requestId the order of the fields does not matter, their values do', async () => {
    await serve([0.5, 0.5]);
    const first = ask('order', { features: { hour: 3, score: 0.2 } });
    expect(ask('order', { features: { score: 0.2, hour: 3 } })).toStrictEqual(first);
    expect(() => ask('order', { features: { hour: 4, score: 0.2 } })).toThrow(
      expect.objectContaining({ code: 'request_id_conflict' }),
    );
    expect(() => ask('order', { features: { hour: 3, score: 0.2 }, unitId: 'u-2' })).toThrow(/another body/);
  });

  it('a repeat is the same request after the surface was declared anew', async () => {
    await serve([0.5, 0.5]);
    const first = ask('kept');
    const more = { name: 'mood', type: 'numeric', min: 0, max: 1, default: 0.5 } as const;
    const wider = { ...liveFeed, features: [...(liveFeed.features ?? []), more] };
    await world.declare(wider);
    expect(ask('kept').decisionId).toBe(first.decisionId);
    await world.declare({ ...wider, schemaVersion: 2, actions: ['none', 'live', 'clip'] });
    expect(ask('kept').decisionId).toBe(first.decisionId);
    for (const changed of [
      { features: { hour: 3, mood: 0.5 } },
      { features: { hour: 3, score: 0.5 } },
      { eligibleActions: ['live'] },
    ]) {
      expect(() => ask('kept', changed)).toThrow(/another body/);
    }
  });

  it('a requestId is free again when its window has passed, and on another surface', async () => {
    await serve([0.5, 0.5]);
    await world.declare(liveFeed, 'other-feed');
    const first = ask('windowed');
    expect(ask('windowed', { surface: 'other-feed', unitId: 'u-9' }).decisionId).not.toBe(first.decisionId);
    now += 601_000;
    expect(ask('windowed').decisionId).not.toBe(first.decisionId);
  });

  it('what cannot be journalled is the safe action, is not logged, and is not remembered', async () => {
    await serve([0, 1]);
    world.journal.setFull(true);
    const unlogged = ask('full');
    expect(unlogged).toMatchObject({
      action: 'none',
      propensity: 1,
      fallback: 'unlogged',
      policyVersion: null,
      probabilities: { none: 1, live: 0 },
    });
    expect(logged()).toHaveLength(0);
    world.journal.setFull(false);
    expect(ask('full')).toMatchObject({ fallback: null });
    expect(logged()).toHaveLength(1);
  });

  it('a journal that fills up between the question and the record also gives the safe action', async () => {
    await serve([0, 1]);
    world.journal.failNextAppend();
    expect(ask('late')).toMatchObject({ action: 'none', fallback: 'unlogged' });
    expect(logged()).toHaveLength(0);
  });

  it('a unit cap ends an action for the unit until its window has passed, and only for that unit', async () => {
    await serve([0, 1], {
      ...liveFeed,
      explorationFloor: 0,
      caps: [{ name: 'once', action: 'live', rule: { kind: 'unit-window', limit: 1, windowSeconds: 60 } }],
    });
    expect(ask('c-1')).toMatchObject({ action: 'live' });
    const capped = ask('c-2');
    expect(capped).toMatchObject({ action: 'none', propensity: 1 });
    expect(capped.adjustments).toMatchObject([{ kind: 'cap', name: 'once', nullBefore: 0, nullAfter: 1 }]);
    expect(ask('c-3', { unitId: 'u-2' })).toMatchObject({ action: 'live' });
    now += 61_000;
    expect(ask('c-4')).toMatchObject({ action: 'live' });
  });

  it('a unit cap counts on through the start, the widening and the end of an experiment', async () => {
    await serve([0, 1], {
      ...liveFeed,
      explorationFloor: 0,
      caps: [{ name: 'once', action: 'live', rule: { kind: 'unit-window', limit: 1, windowSeconds: 600 } }],
    });
    const variants = [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'champion' },
    ];
    const { experiments } = world.services;
    await experiments.create({ surface: 'live-feed', name: 'e', variants, trafficShare: 0.5 }, world.admin);
    const units = Array.from({ length: 20 }, (_, i) => `u-${String(i)}`);
    const actions = (phase: string): string[] =>
      units.map((unitId) => {
        const answer = ask(`${phase}-${unitId}`, { unitId });
        expect(answer.propensity).toBe(1);
        return answer.action;
      });
    expect(new Set(actions('before'))).toEqual(new Set(['live']));
    await experiments.start('e', {}, world.admin);
    expect(new Set(actions('during'))).toEqual(new Set(['none']));
    expect(new Set(logged().map(({ variant }) => variant))).toEqual(new Set([null, 'control', 'treatment']));
    await experiments.start('e', { trafficShare: 1 }, world.admin);
    expect(new Set(actions('wider'))).toEqual(new Set(['none']));
    await experiments.stop('e', {}, world.admin);
    expect(new Set(actions('after'))).toEqual(new Set(['none']));
    for (const { decisionId } of logged()) {
      expect(await world.services.decisions.replay(decisionId, world.admin)).toMatchObject({ match: true });
    }
  });

  it('pacing brings the share of allocations to its target', async () => {
    await serve([0.1, 0.9], {
      ...liveFeed,
      explorationFloor: 0.02,
      pacing: { targetShare: 0.2, proportionalGain: 0.5, integralGain: 0.02 },
    });
    for (let i = 0; i < 3000; i += 1) ask(`p-${String(i)}`, { unitId: `u-${String(i)}` });
    const late = logged().slice(1000);
    const share = late.reduce((sum, e) => sum + e.probabilities[1], 0) / late.length;
    expect(share).toBeGreaterThan(0.17);
    expect(share).toBeLessThan(0.23);
  });

  it('an action that is not eligible is never served and the answer says what moved', async () => {
    await serve([0.1, 0.9]);
    const answer = ask('only-none', { eligibleActions: ['none'] });
    expect(answer).toMatchObject({ action: 'none', propensity: 1, probabilities: { none: 1, live: 0 } });
    expect(logged()[0]).toMatchObject({ isForced: true, eligibleActions: ['none'] });
  });

  it('the null action is feasible even where the caller leaves it out', async () => {
    await serve([0.5, 0.5]);
    ask('only-live', { eligibleActions: ['live'] });
    expect(logged()[0]).toMatchObject({ eligibleActions: ['none', 'live'], isForced: false });
  });

  it('a key for one surface decides on no other', async () => {
    await serve([0.5, 0.5]);
    const principal = world.serving.authenticate(await world.key('decider', { surfaces: ['elsewhere'] }));
    expect(() => world.serving.decide(request('scoped'), principal ?? world.admin)).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    );
  });

  it('another tenant does not see the surface', async () => {
    await serve([0.5, 0.5]);
    const principal = world.serving.authenticate(await world.key('admin', { tenant: 'rival' }));
    expect(() => world.serving.decide(request('foreign'), principal ?? world.admin)).toThrow(
      expect.objectContaining({ code: 'surface_unknown' }),
    );
  });

  it('a revoked key is unknown after the next refresh', async () => {
    const key = await world.key('decider');
    const id = world.serving.authenticate(key)?.keyId ?? '';
    await world.stores.keys.revoke('acme', id);
    await world.serving.refresh();
    expect(world.serving.authenticate(key)).toBeUndefined();
  });
});
