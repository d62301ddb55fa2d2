import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import type { Role } from '../../src/service/ports/control.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';
import { operations } from '../support/fuzz/fuzz-api.ts';

/** Written down here once more, by hand: whoever adds a route or moves one to other roles has to say so twice. */
const rolesOf: readonly (readonly [readonly Role[], readonly string[]])[] = [
  [
    ['decider', 'admin'],
    ['post /v1/decisions', 'post /v1/decisions:batch', 'post /v1/exposures', 'post /v1/interactions'],
  ],
  [
    ['analyst', 'trainer', 'admin'],
    ['post /v1/decisions/{id}:replay', 'get /v1/decisions/{id}'],
  ],
  [
    ['trainer', 'admin'],
    [
      'post /v1/policies',
      'post /v1/policies/{version}:sign',
      'post /v1/training-runs',
      'post /v1/evaluation-runs',
      'post /v1/promotions',
    ],
  ],
  [
    ['admin'],
    [
      'post /v1/surfaces/{name}:kill',
      'post /v1/surfaces/{name}:revive',
      'put /v1/surfaces/{name}',
      'put /v1/surfaces/{name}/aliases/{alias}',
      'post /v1/experiments',
      'put /v1/experiments/{id}',
      'post /v1/experiments/{id}:start',
      'post /v1/experiments/{id}:approve',
      'post /v1/experiments/{id}:promote',
      'post /v1/experiments/{id}:pause',
      'post /v1/experiments/{id}:stop',
      'post /v1/experiments/{id}:rollback',
      'get /v1/audit',
    ],
  ],
  [
    ['reader', 'analyst', 'trainer', 'admin'],
    [
      'get /v1/surfaces',
      'get /v1/surfaces/{name}',
      'get /v1/policies',
      'get /v1/policies/{version}',
      'get /v1/training-runs',
      'get /v1/training-runs/{id}',
      'get /v1/training-runs/{id}/report',
      'get /v1/evaluation-runs',
      'get /v1/evaluation-runs/{id}',
      'get /v1/evaluation-runs/{id}/report',
      'get /v1/promotions',
      'get /v1/promotions/{id}',
      'get /v1/promotions/{id}/report',
      'get /v1/experiments',
      'get /v1/experiments/{id}',
      'get /v1/experiments/{id}/results',
      'get /v1/experiments/{id}/looks',
      'get /v1/forecasts',
      'get /v1/forecasts/report',
      'get /v1/shadows',
      'get /v1/counts',
      'get /metrics',
      'get /experiments/{id}',
      'get /docs',
      'get /openapi.json',
    ],
  ],
];
const open = ['get /', 'post /login', 'get /style.css', 'get /health/live', 'get /health/ready'];
const roles: readonly Role[] = ['decider', 'reader', 'analyst', 'trainer', 'admin'];
const OPERATOR = 'default';

describe('roles, routes, tenants', () => {
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;
  const keys = new Map<string, string>();

  beforeAll(async () => {
    world = await createApiWorld();
    await world.declare(liveFeed);
    for (const role of roles) {
      for (const tenant of [OPERATOR, 'acme']) {
        keys.set(`${tenant} ${role}`, await world.key(role, { tenant }));
      }
    }
    api = supertest(createApp(world.services));
  });
  afterAll(() => world.stop());

  /** An empty body and names of nothing: who may not is refused before either is looked at. */
  const statusOf = async (route: string, key?: string): Promise<number> => {
    const [method, path] = route.split(' ');
    const call = api[method as 'get' | 'post' | 'put'](path.replaceAll(/\{\w+\}/g, 'nothing'));
    if (key !== undefined) void call.set('authorization', `Bearer ${key}`);
    return (await (method === 'get' ? call : call.send({}))).status;
  };

  it('every route of openapi.json is in this table, and none that is gone', () => {
    const described = operations().map(({ method, path }) => `${method} ${path}`);
    expect([...rolesOf.flatMap(([, routes]) => routes), ...open].sort()).toEqual(described.sort());
  });

  describe.each(rolesOf)('for %s', (allowed, routes) => {
    it.each(routes)('%s: these roles and no other, and nobody without a key', async (route) => {
      expect(await statusOf(route)).toBe(401);
      const admitted: Role[] = [];
      for (const role of roles) {
        const status = await statusOf(route, keys.get(`${OPERATOR} ${role}`));
        expect([401, 429, 500]).not.toContain(status);
        if (status !== 403) admitted.push(role);
      }
      expect(admitted.sort()).toEqual([...allowed].sort());
    });
  });

  it.each(open)('%s asks for no key', async (route) => {
    expect(await statusOf(route)).not.toBe(403);
  });

  it.each(roles)(
    'metrics are of all tenants, so a %s of a tenant that is not the operator is refused',
    async (role) => {
      expect(await statusOf('get /metrics', keys.get(`acme ${role}`))).toBe(403);
    },
  );

  it('metrics are of all surfaces, so a key that is limited to some is refused', async () => {
    const key = await world.key('admin', { tenant: OPERATOR, surfaces: ['live-feed'] });
    expect(await statusOf('get /metrics', key)).toBe(403);
  });
});
