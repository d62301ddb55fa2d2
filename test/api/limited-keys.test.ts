import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { noShadowScore } from '../../src/core/experiment/shadow-score.ts';
import type { RunKind } from '../../src/service/ports/runs.ts';
import type { Role } from '../../src/service/ports/control.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';
import { operations } from '../support/fuzz/fuzz-api.ts';

/** GET routes that ask for nothing but a key: a new one is here as soon as `openapi.json` describes it. */
const asks = operations()
  .filter(({ method, path }) => method === 'get' && !path.includes('{'))
  .map(({ path }) => path);

const OWN = 'own-feed';
const FOREIGN = 'foreign-feed';

describe('a key that is limited to a surface', () => {
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;

  beforeAll(async () => {
    world = await createApiWorld(
      {},
      {
        metricsText: () => Promise.resolve({ contentType: 'text/plain', text: `seen{surface="${FOREIGN}"}` }),
      },
    );
    for (const name of [OWN, FOREIGN]) await fill(world, name);
    api = supertest(createApp(world.services));
  });
  afterAll(() => world.stop());

  const read = async (path: string, key: string): Promise<{ status: number; text: string }> => {
    if (path !== '/') return await api.get(path).set('authorization', `Bearer ${key}`);
    const opened = await api.post('/login').type('form').send({ key });
    return await api.get('/').set('cookie', opened.headers['set-cookie'][0]);
  };

  it('there is something to hide: a whole key is shown the other surface by each of these routes', async () => {
    const admin = await world.key('admin', { tenant: 'acme' });
    const shows: string[] = [];
    for (const path of asks) if ((await read(path, admin)).text.includes(FOREIGN)) shows.push(path);
    expect(shows.sort()).toEqual([
      '/',
      '/v1/audit',
      '/v1/evaluation-runs',
      '/v1/experiments',
      '/v1/forecasts',
      '/v1/forecasts/report',
      '/v1/policies',
      '/v1/promotions',
      '/v1/shadows',
      '/v1/surfaces',
      '/v1/training-runs',
    ]);
  });

  describe.each<Role>(['reader', 'analyst', 'trainer', 'admin'])('as %s', (role) => {
    let key: string;
    beforeAll(async () => {
      key = await world.key(role, { surfaces: [OWN] });
    });

    it.each(asks)('is told nothing of another surface by GET %s', async (path) => {
      const { status, text } = await read(path, key);
      expect(status === 200 ? text : '').not.toContain(FOREIGN);
      expect(status).toBeLessThan(500);
    });
  });

  it('is shown all that is of its own surface, and counted only that', async () => {
    const key = await world.key('reader', { surfaces: [OWN] });
    for (const path of ['/', '/v1/forecasts', '/v1/forecasts/report', '/v1/shadows', '/v1/surfaces']) {
      expect((await read(path, key)).text).toContain(OWN);
    }
    const counts = async (of: string): Promise<unknown> => JSON.parse((await read('/v1/counts', of)).text);
    const all = (await counts(await world.key('reader'))) as Record<string, number>;
    expect(all).toMatchObject({ decisions: 2, exposures: 2 });
    expect(await counts(key)).toMatchObject({ decisions: 1, exposures: 1 });
    const both = await world.key('reader', { surfaces: [OWN, FOREIGN] });
    expect(await counts(both)).toEqual(all);
  });

  it('is refused the audit trail, which is of the whole tenant', async () => {
    const { status, text } = await read('/v1/audit', await world.key('admin', { surfaces: [OWN] }));
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ code: 'forbidden' });
  });
});

/** Routes that name one thing: with the name of a thing that the key does not cover. */
const named = operations().filter(({ path }) => path.includes('{'));

describe('a thing that a key does not cover', () => {
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;
  let things: Things;
  let keys: Readonly<Record<'otherSurface' | 'otherTenant' | 'whole', string>>;

  beforeAll(async () => {
    world = await createApiWorld();
    await fill(world, OWN);
    things = await fill(world, FOREIGN);
    keys = {
      otherSurface: await world.key('admin', { surfaces: [OWN] }),
      otherTenant: await world.key('admin', { tenant: 'rival' }),
      whole: await world.key('analyst'),
    };
    api = supertest(createApp(world.services));
  });
  afterAll(() => world.stop());

  const addressOf = (path: string): string =>
    path
      .replace(/surfaces\/\{name\}/, `surfaces/${FOREIGN}`)
      .replace('{alias}', 'champion')
      .replace('{version}', things.version)
      .replace(/decisions\/\{id\}/, `decisions/${things.decisionId}`)
      .replace(/experiments\/\{id\}/, `experiments/${things.experiment}`)
      .replace('/v1/training-runs/{id}', `/v1/training-runs/${things.runs.training}`)
      .replace('/v1/evaluation-runs/{id}', `/v1/evaluation-runs/${things.runs.evaluation}`)
      .replace('/v1/promotions/{id}', `/v1/promotions/${things.runs.promotion}`);

  const ask = async ({ method, path }: (typeof named)[number], key: string) => {
    const call = api[method as 'get' | 'post' | 'put'](addressOf(path));
    void call.set('authorization', `Bearer ${key}`);
    return await (method === 'get' ? call : call.send(bodies[path] ?? {}));
  };

  it.each(named)('$method $path: not by an admin of another surface', async (route) => {
    const before = (await world.stores.audit.list('acme', 1000)).length;
    const { status, text } = await ask(route, keys.otherSurface);
    expect(status).toBe(403);
    expect(text).not.toContain(FOREIGN);
    expect(await world.stores.audit.list('acme', 1000)).toHaveLength(before);
  });

  it.each(named)('$method $path: not by an admin of another tenant', async (route) => {
    const { status, body } = await ask(route, keys.otherTenant);
    // A surface of the same name may be declared by anybody: it is another one.
    if (route.method === 'put' && route.path === '/v1/surfaces/{name}') return expect(status).toBe(200);
    expect((body as { code: string }).code).toMatch(/_unknown$|^decision_id_foreign$/);
    expect([403, 404]).toContain(status);
  });

  it.each<[string, object]>([
    ['/v1/policies', { surface: FOREIGN, name: 'legacy' }],
    ['/v1/policies', { surface: FOREIGN, probabilities: { none: 1 } }],
    ['/v1/training-runs', { surface: FOREIGN }],
    ['/v1/evaluation-runs', { surface: FOREIGN }],
    ['/v1/promotions', { surface: FOREIGN }],
    ['/v1/experiments', { ...bodies['/v1/experiments/{id}'], name: 'mine' }],
    ['/v1/decisions', { surface: FOREIGN, requestId: 'r', unitId: 'u', features: { hour: 1 } }],
  ])('is not made by an admin of another surface: POST %s %j', async (path, body) => {
    const before = (await world.stores.audit.list('acme', 1000)).length + world.journal.events.length;
    const answer = await api.post(path).set('authorization', `Bearer ${keys.otherSurface}`).send(body);
    expect(answer.status).toBe(403);
    const after = (await world.stores.audit.list('acme', 1000)).length + world.journal.events.length;
    expect(after).toBe(before);
  });

  it.each(['/v1/exposures', '/v1/interactions'])(
    'gets no feedback by POST %s from a key that does not cover it',
    async (path) => {
      const before = world.journal.events.length;
      const event = { eventId: 'mine', decisionId: things.decisionId };
      const body = path === '/v1/exposures' ? event : { ...event, type: 'hide', value: 1 };
      for (const key of [keys.otherSurface, keys.otherTenant]) {
        const answer = await api.post(path).set('authorization', `Bearer ${key}`).send(body);
        expect(answer.status).toBe(403);
      }
      expect(world.journal.events).toHaveLength(before);
    },
  );

  it('is there for those whom it is for: the same requests of a whole key do not fail for what it may', async () => {
    for (const route of named.filter(({ method }) => method === 'get')) {
      const { status } = await ask(route, keys.whole);
      // No report was written.
      expect(status).toBe(route.path.endsWith('/report') ? 404 : 200);
    }
  });
});

/** What the routes that change something take; all others take an empty body. */
const bodies: Readonly<Record<string, object>> = {
  '/v1/surfaces/{name}': liveFeed,
  '/v1/surfaces/{name}/aliases/{alias}': { version: `${FOREIGN}@1` },
  '/v1/policies/{version}:sign': { keyId: '0'.repeat(16), signature: 'A'.repeat(86) },
  '/v1/experiments/{id}': {
    surface: FOREIGN,
    name: `try-${FOREIGN}`,
    variants: [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'champion' },
    ],
  },
};

interface Things {
  readonly version: string;
  readonly experiment: string;
  readonly decisionId: string;
  readonly runs: Readonly<Record<'training' | 'evaluation' | 'promotion', string>>;
}

/** One of each kind, so that each list has something of this surface. */
async function fill(world: ApiWorld, name: string): Promise<Things> {
  const { services, stores, admin } = world;
  const surface = await world.declare(liveFeed, name);
  const version = await world.policy(surface, [0.5, 0.5], name);
  await services.policies.setAlias(name, 'champion', { version }, admin);
  const variants = [
    { name: 'control', role: 'control', alias: 'champion' },
    { name: 'treatment', role: 'treatment', alias: 'champion' },
  ];
  await services.experiments.create({ surface: name, name: `try-${name}`, variants }, admin);
  const start = async (kind: RunKind): Promise<string> =>
    (await services.runs.start(kind, { surface: name }, admin)).id;
  const runs = {
    training: await start('training'),
    evaluation: await start('evaluation'),
    promotion: await start('promotion'),
  };
  const actor = { tenant: 'acme', id: 'test' };
  const interval = { value: 1, lower: 0, upper: 2 };
  const forecast = { policyVersion: version, response: 'watchMs', estimand: 'per-unit' };
  await stores.forecasts.save(name, { ...forecast, offline: interval, online: interval }, actor);
  const score = { ...noShadowScore, decisions: 1 };
  const scored = { surface: name, policyVersion: version, day: '2026-01-10', score };
  await stores.shadows.add('acme', scored, { from: null, until: 1 });
  const { decisionId } = services.serving.decide(
    { requestId: 'r', surface: name, unitId: 'u', features: { hour: 1 } },
    admin,
  );
  services.feedback.exposures({ eventId: `e-${name}`, decisionId }, admin);
  await stores.events.write({ events: world.journal.events, deadLetters: [] });
  return { version, experiment: `try-${name}`, decisionId, runs };
}
