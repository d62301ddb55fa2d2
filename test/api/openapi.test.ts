import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, expressPath } from '../../api/app.ts';
import { problemOf, statusOfCode } from '../../api/problem.ts';
import { allRoutes } from '../../api/routes/all-routes.ts';
import { AllotError, errorCatalogue, type ErrorCode } from '../../src/core/errors.ts';
import { decideRequestSchema } from '../../src/service/schemas/decision.ts';
import { checkDecideRequest } from '../../src/service/serving/decide-request.ts';
import { createApiWorld, type ApiWorld } from '../support/api-world.ts';

interface Document {
  readonly paths: Record<string, Record<string, unknown>>;
  readonly components: {
    readonly schemas: Record<string, { properties?: Record<string, { enum?: string[] }> }>;
  };
}

describe('openapi.json', () => {
  let world: ApiWorld;
  let document: Document;
  beforeAll(async () => {
    world = await createApiWorld();
    const response = await supertest(createApp(world.services))
      .get('/openapi.json')
      .set('authorization', `Bearer ${await world.key('reader')}`);
    document = response.body as Document;
  });
  afterAll(() => world.stop());

  it('has every route that Express has, and the two of the hot path', () => {
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    const served = [
      ...allRoutes.map(({ method, path }) => `${method} ${path}`),
      'post /v1/decisions',
      'post /v1/decisions:batch',
    ];
    expect(described.sort()).toEqual(served.sort());
  });

  it('knows every error code of the catalogue', () => {
    expect(document.components.schemas.Problem.properties?.code.enum).toEqual(Object.keys(errorCatalogue));
  });

  it('describes the request grammars by name', () => {
    const names = Object.keys(document.components.schemas);
    expect(names).toEqual(
      expect.arrayContaining([
        'DecideRequest',
        'DecideAnswer',
        'SurfaceDeclaration',
        'ExperimentDeclaration',
        'Exposures',
      ]),
    );
  });
});

describe('problem documents', () => {
  it.each(Object.keys(errorCatalogue) as ErrorCode[])('%s has a status and says whether to retry', (code) => {
    const problem = problemOf(
      new AllotError(code, 'why', { violations: [{ field: 'f', rule: 'r', value: 1 }] }),
    );
    expect(problem).toEqual({
      type: `/docs#${code}`,
      title: errorCatalogue[code].title,
      status: statusOfCode[code],
      detail: 'why',
      code,
      retryable: errorCatalogue[code].retryable,
      violations: [{ field: 'f', rule: 'r', value: 1 }],
    });
    expect(problem.status).toBeGreaterThanOrEqual(400);
  });

  it('an unexpected error tells nothing of its message', () => {
    const problem = problemOf(new Error('password=hunter2'));
    expect(problem).toMatchObject({ code: 'internal', status: 500 });
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });
});

it('colons in a path are escaped for Express, names become parameters', () => {
  expect(expressPath('/v1/surfaces/{name}:kill')).toBe('/v1/surfaces/:name\\:kill');
});

describe('the decide grammar by hand and by zod', () => {
  const valid = { requestId: 'r', surface: 's', unitId: 'u' };
  it.each<[string, unknown]>([
    ['only what is required', valid],
    ['everything', { ...valid, sessionId: 'x', features: { a: [1] }, eligibleActions: ['a'] }],
    ['a session that is null', { ...valid, sessionId: null }],
    ['no object', 7],
    ['null', null],
    ['a list', [valid]],
    ['an unknown field', { ...valid, z: 1 }],
    ['no unit', { requestId: 'r', surface: 's' }],
    ['an empty id', { ...valid, unitId: '' }],
    ['an id that is too long', { ...valid, requestId: 'x'.repeat(257) }],
    ['an id as long as allowed', { ...valid, requestId: 'x'.repeat(256) }],
    ['an id with U+0000', { ...valid, unitId: '\0' }],
    ['an id with a lone surrogate', { ...valid, unitId: '\udc00' }],
    ['an id with an emoji', { ...valid, unitId: '🎥' }],
    ['features that are a list', { ...valid, features: [] }],
    ['features that are null', { ...valid, features: null }],
    ['an empty eligibility', { ...valid, eligibleActions: [] }],
    ['an eligibility that is text', { ...valid, eligibleActions: 'a' }],
    ['an eligibility that is null', { ...valid, eligibleActions: null }],
  ])('agree on %s', (_, body) => {
    let isAccepted = true;
    try {
      checkDecideRequest(body);
    } catch {
      isAccepted = false;
    }
    expect(isAccepted).toBe(decideRequestSchema.safeParse(body).success);
  });
});
