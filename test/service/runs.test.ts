import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/service/ports/control.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { principalOf } from '../../src/service/registry/principal.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

describe('queued runs', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await createApiWorld();
    await world.declare(liveFeed);
  });
  afterAll(() => world.stop());

  const as = (role: Role) => principalOf(createKey({ tenant: 'acme', role }).record);
  const promotion = { surface: 'live-feed', config: { policyVersion: 'live-feed@1' } };
  const overridden = { ...promotion, config: { ...promotion.config, override: { reason: 'incident' } } };

  it('a trainer may ask the gate, and not go against it', async () => {
    const { runs } = world.services;
    expect(await runs.start('promotion', promotion, as('trainer'))).toMatchObject({ state: 'queued' });
    await expect(runs.start('promotion', overridden, as('trainer'))).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it("a trainer moves every alias through the gate but the champion's: that one is served at once", async () => {
    const { runs } = world.services;
    const to = (alias: unknown) => ({ ...promotion, config: { ...promotion.config, alias } });
    expect(await runs.start('promotion', to('challenger'), as('trainer'))).toMatchObject({ state: 'queued' });
    await expect(runs.start('promotion', to('champion'), as('trainer'))).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await runs.start('promotion', to('champion'), as('admin'))).toMatchObject({ state: 'queued' });
    for (const alias of ['champion ', '../champion', ['champion'], null, '']) {
      await expect(runs.start('promotion', to(alias), as('trainer')), String(alias)).rejects.toMatchObject({
        code: 'invalid_request',
      });
    }
  });

  it('an admin may, and the audit log tells who asked', async () => {
    const admin = as('admin');
    const { id } = await world.services.runs.start(
      'promotion',
      { ...overridden, reason: 'incident 42' },
      admin,
    );
    const entries = await world.stores.audit.list('acme', 10);
    expect(entries.find((entry) => entry.subject.includes(id))).toMatchObject({ reason: 'incident 42' });
  });

  it('an analyst queues nothing', async () => {
    await expect(
      world.services.runs.start('training', { surface: 'live-feed' }, as('analyst')),
    ).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
