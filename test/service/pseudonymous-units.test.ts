import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionEvent } from '../../src/core/feedback/events.ts';
import { drawUniform } from '../../src/core/policy/draw.ts';
import { createPseudonyms, isPseudonym } from '../../src/service/identity/pseudonyms.ts';
import { eventKey } from '../../src/service/schemas/event-key.ts';
import { createApiWorld, liveFeed, testSecrets, type ApiWorld } from '../support/api-world.ts';

const RAW = 'person@example.com';
const pseudonymOf = createPseudonyms(new Uint8Array(16).fill(4));
const capped = {
  ...liveFeed,
  caps: [
    { name: 'twice', action: 'live', rule: { kind: 'unit-window' as const, limit: 2, windowSeconds: 60 } },
  ],
};

describe('with pseudonymous units', () => {
  let world: ApiWorld;
  beforeEach(async () => {
    world = await createApiWorld({ pseudonymOf }, { pseudonymOf });
    const surface = await world.declare(capped);
    for (const [alias, p] of [
      ['champion', 0.3],
      ['challenger', 0.6],
    ] as const) {
      const version = await world.policy(surface, [1 - p, p]);
      await world.services.policies.setAlias('live-feed', alias, { version }, world.admin);
    }
  });
  afterEach(() => world.stop());

  const ask = (requestId: string, unitId = RAW) =>
    world.serving.decide({ requestId, surface: 'live-feed', unitId, features: { hour: 3 } }, world.admin);
  const logged = (): DecisionEvent[] => world.journal.events.filter((e) => e.kind === 'decision');
  const experimentOn = (forcedUnits?: Record<string, string>) => ({
    surface: 'live-feed',
    name: 'e1',
    variants: [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'challenger' },
    ],
    ...(forcedUnits === undefined ? {} : { forcedUnits }),
  });

  it('the id that is sent is nowhere in the record, its key or the answer', () => {
    const answer = ask('r-1');
    const [event] = logged();
    expect(event.unitId).toBe(pseudonymOf('acme', RAW));
    expect(eventKey(event)).toBe(event.unitId);
    expect(JSON.stringify([event, answer, world.journal.events])).not.toContain(RAW);
  });

  it('draws, replays and repeats by the pseudonym alone', async () => {
    for (let i = 0; i < 30; i += 1) {
      const answer = ask(`r-${String(i)}`);
      const { tenant, surface, unitId, requestId, draw } = logged()[i];
      expect(draw).toBe(drawUniform(testSecrets.drawKey, { tenant, surface, unitId, requestId, slot: 0 }));
      expect(ask(`r-${String(i)}`)).toEqual(answer);
      const replay = await world.services.decisions.replay(answer.decisionId, world.admin);
      expect(replay).toMatchObject({ match: true });
    }
    expect(logged()).toHaveLength(30);
    expect(() => ask('r-1', 'somebody else')).toThrowError(
      expect.objectContaining({ code: 'request_id_conflict' }),
    );
  });

  it('counts caps of a unit under its pseudonym', () => {
    for (let i = 0; i < 60; i += 1) ask(`r-${String(i)}`);
    expect(logged().filter(({ action }) => action === 'live')).toHaveLength(2);
  });

  it('keeps a unit on its side, the same as a service that is sent the pseudonym', async () => {
    await world.services.experiments.create(experimentOn(), world.admin);
    await world.services.experiments.start('e1', {}, world.admin);
    const plain = await createApiWorld({ control: world.stores.control });
    for (let i = 0; i < 40; i += 1) {
      const unitId = `u-${String(i)}`;
      const { variant } = ask(`a-${String(i)}`, unitId);
      expect(ask(`b-${String(i)}`, unitId).variant).toBe(variant);
      const body = { requestId: `c-${String(i)}`, surface: 'live-feed', features: { hour: 3 } };
      const direct = plain.serving.decide({ ...body, unitId: pseudonymOf('acme', unitId) }, world.admin);
      expect(direct.variant).toBe(variant);
    }
    await plain.stop();
  });

  it('forced units are declared by the id that is sent, stored under the pseudonym, and get their side', async () => {
    const made = await world.services.experiments.create(
      experimentOn({ [RAW]: 'treatment', 'u-2': 'control' }),
      world.admin,
    );
    expect(Object.keys(made.forcedUnits ?? {}).every(isPseudonym)).toBe(true);
    // What was read back can be sent again.
    const { forcedUnits } = await world.services.experiments.find('e1', world.admin);
    await world.services.experiments.revise('e1', experimentOn({ ...forcedUnits }), world.admin);
    await world.services.experiments.start('e1', {}, world.admin);
    expect(ask('r-1').variant).toBe('treatment');
    expect(ask('r-2', 'u-2').variant).toBe('control');
    const stored = await world.stores.experiments.find('acme', 'e1');
    expect(JSON.stringify(stored)).not.toContain(RAW);
  });

  it('a bad id is refused before it is named', () => {
    expect(() => ask('r-1', '')).toThrowError(expect.objectContaining({ code: 'invalid_request' }));
    expect(logged()).toEqual([]);
  });
});

it('without the setting the id is stored as it is sent', async () => {
  const world = await createApiWorld();
  await world.declare();
  world.serving.decide(
    { requestId: 'r', surface: 'live-feed', unitId: RAW, features: { hour: 3 } },
    world.admin,
  );
  expect(world.journal.events).toMatchObject([{ unitId: RAW }]);
  await world.stop();
});
