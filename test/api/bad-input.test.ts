import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { createApiWorld, liveFeed, testSecrets, type ApiWorld } from '../support/api-world.ts';

describe('bad input is refused with field, rule and value, and leaves nothing behind', () => {
  let world: ApiWorld;
  let surface: Surface;
  let api: ReturnType<typeof supertest>;
  let admin: string;
  let requests = 0;

  beforeAll(async () => {
    world = await createApiWorld();
    surface = await world.declare(liveFeed);
    await world.declare(liveFeed, 'other-feed');
    const version = await world.policy(surface, [0.5, 0.5]);
    await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
    api = supertest(createApp(world.services));
    admin = await world.key('admin');
  });
  afterAll(() => world.stop());

  const post = (path: string, body: object | string, key = admin) =>
    api.post(path).set('authorization', `Bearer ${key}`).set('content-type', 'application/json').send(body);
  const put = (path: string, body: object) =>
    api.put(path).set('authorization', `Bearer ${admin}`).set('content-type', 'application/json').send(body);
  const decision = (more: Record<string, unknown>) => ({
    requestId: `r-${String((requests += 1))}`,
    surface: 'live-feed',
    unitId: 'u-1',
    features: { hour: 5 },
    ...more,
  });
  const decided = async (): Promise<string> =>
    ((await post('/v1/decisions', decision({}))).body as { decisionId: string }).decisionId;

  describe('decisions', () => {
    it.each<[string, Record<string, unknown>, number, string, Record<string, unknown>]>([
      [
        'an unknown surface',
        { surface: 'nowhere' },
        404,
        'surface_unknown',
        { field: 'surface', value: 'nowhere' },
      ],
      ['a missing feature', { features: {} }, 400, 'invalid_request', { field: 'features.hour' }],
      [
        'a feature of the wrong type',
        { features: { hour: 'noon' } },
        400,
        'invalid_request',
        { field: 'features.hour', value: 'noon' },
      ],
      [
        'a feature out of range',
        { features: { hour: 24 } },
        400,
        'invalid_request',
        { field: 'features.hour', value: 24 },
      ],
      [
        'a feature that is null',
        { features: { hour: null } },
        400,
        'invalid_request',
        { field: 'features.hour' },
      ],
      [
        'an unknown feature',
        { features: { hour: 1, mood: 3 } },
        400,
        'invalid_request',
        { field: 'features.mood' },
      ],
      ['features that are a list', { features: [1] }, 400, 'invalid_request', { field: 'features' }],
      [
        'an unknown action',
        { eligibleActions: ['none', 'party'] },
        400,
        'invalid_request',
        { field: 'eligibleActions[1]', value: 'party' },
      ],
      [
        'a repeated action',
        { eligibleActions: ['live', 'live'] },
        400,
        'invalid_request',
        { field: 'eligibleActions[1]', value: 'live' },
      ],
      [
        'an action that is no text',
        { eligibleActions: [3] },
        400,
        'invalid_request',
        { field: 'eligibleActions[0]', value: 3 },
      ],
      ['an empty eligibility', { eligibleActions: [] }, 400, 'invalid_request', { field: 'eligibleActions' }],
      ['an unknown field', { colour: 'red' }, 400, 'invalid_request', { field: 'colour', value: 'red' }],
      [
        'a missing unit',
        { unitId: undefined },
        400,
        'invalid_request',
        { field: 'unitId', rule: 'is required' },
      ],
      ['an empty unit', { unitId: '' }, 400, 'invalid_request', { field: 'unitId', value: '' }],
      ['a unit that is a number', { unitId: 7 }, 400, 'invalid_request', { field: 'unitId', value: 7 }],
      ['a unit with U+0000', { unitId: 'a\0b' }, 400, 'invalid_request', { field: 'unitId' }],
      ['a unit with a lone surrogate', { unitId: 'a\ud800' }, 400, 'invalid_request', { field: 'unitId' }],
      ['a unit of absurd length', { unitId: 'x'.repeat(257) }, 400, 'invalid_request', { field: 'unitId' }],
      [
        'a session that is a number',
        { sessionId: 4 },
        400,
        'invalid_request',
        { field: 'sessionId', value: 4 },
      ],
    ])('%s', async (_, more, status, code, violation) => {
      const before = world.journal.events.length;
      const response = await post('/v1/decisions', decision(more));
      expect(response.status).toBe(status);
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({
        code,
        violations: expect.arrayContaining([expect.objectContaining(violation)]),
      });
      expect(world.journal.events).toHaveLength(before);
    });

    it('all broken rules are told at once', async () => {
      const response = await post(
        '/v1/decisions',
        decision({ unitId: 7, colour: 'red', eligibleActions: [] }),
      );
      const { violations } = response.body as { violations: { field: string }[] };
      expect(violations.map(({ field }) => field).sort()).toEqual(['colour', 'eligibleActions', 'unitId']);
    });

    it('a requestId that comes back with another body is a conflict', async () => {
      await post('/v1/decisions', decision({ requestId: 'twice' }));
      const response = await post('/v1/decisions', decision({ requestId: 'twice', unitId: 'u-2' }));
      expect(response.status).toBe(409);
      expect(response.body).toMatchObject({
        code: 'request_id_conflict',
        violations: [{ field: 'requestId', value: 'twice' }],
      });
    });

    it.each([
      ['no list', {}, 'requests'],
      ['an empty list', { requests: [] }, 'requests'],
      ['an unknown field', { requests: [{}], more: 1 }, 'more'],
    ])('a batch with %s is refused as a whole', async (_, body, field) => {
      const response = await post('/v1/decisions:batch', body);
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({ violations: [{ field }] });
    });

    it('of a batch each problem is made of a bounded number of violations, whatever was sent', async () => {
      const floods = [
        decision({ eligibleActions: new Array(300_000).fill(1) }),
        Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`f${String(i)}`, 1])),
      ];
      for (const flood of floods) {
        const { body } = await post('/v1/decisions:batch', { requests: [flood, decision({})] });
        const [refused, fine] = (body as { results: { problem?: { violations: object[] } }[] }).results;
        expect(refused.problem?.violations.length).toBeGreaterThan(0);
        expect(refused.problem?.violations.length).toBeLessThan(30);
        expect(fine).toHaveProperty('decision');
      }
    });

    it('a batch of more than a thousand is refused as a whole', async () => {
      const response = await post('/v1/decisions:batch', { requests: new Array(1001).fill({}) });
      expect(response.status).toBe(400);
    });
  });

  describe('feedback', () => {
    const foreign = (tenant: string, key = testSecrets.idKeys) =>
      createDecisionIds([...key]).mint({
        timeMs: Date.now(),
        tenant,
        surface: 'live-feed',
        random: new Uint8Array(8),
      });

    it('an id with a bad MAC is 400', async () => {
      const id = await decided();
      const forged = id.slice(0, -1) + (id.endsWith('0') ? '8' : '0');
      const response = await post('/v1/exposures', { eventId: 'e', decisionId: forged });
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({
        code: 'decision_id_invalid',
        violations: [{ field: 'decisionId' }],
      });
    });

    it('an id of another installation is 400', async () => {
      const decisionId = foreign('acme', [{ id: 1, key: new Uint8Array(16).fill(9) }]);
      expect((await post('/v1/exposures', { eventId: 'e', decisionId })).status).toBe(400);
    });

    it('an id of another tenant is 403, for feedback and for reading', async () => {
      const decisionId = foreign('rival');
      const response = await post('/v1/interactions', { eventId: 'e', decisionId, type: 'hide', value: 1 });
      expect(response.status).toBe(403);
      expect(response.body).toMatchObject({ code: 'decision_id_foreign' });
      const read = await api.get(`/v1/decisions/${decisionId}`).set('authorization', `Bearer ${admin}`);
      expect(read.body).toMatchObject({ code: 'decision_id_foreign', status: 403 });
    });

    it('a valid id that is not stored yet is accepted, and reading it says pending', async () => {
      const decisionId = foreign('acme');
      expect((await post('/v1/exposures', { eventId: 'early', decisionId })).status).toBe(202);
      const read = await api.get(`/v1/decisions/${decisionId}`).set('authorization', `Bearer ${admin}`);
      expect(read.status).toBe(202);
      expect(read.body).toMatchObject({ status: 'pending' });
    });

    it.each<[string, Record<string, unknown>, string]>([
      ['an unknown type', { type: 'dance', value: 1 }, 'type'],
      ['a value above the range', { type: 'watchMs', value: 60_001 }, 'value'],
      ['a value below the range', { type: 'watchMs', value: -1 }, 'value'],
      ['a value that is text', { type: 'watchMs', value: 'long' }, 'value'],
      ['no value', { type: 'watchMs' }, 'value'],
      [
        'a time in the far future',
        { type: 'hide', value: 1, occurredAt: Date.now() + 3_600_000 },
        'occurredAt',
      ],
      ['a time long before the decision', { type: 'hide', value: 1, occurredAt: 0 }, 'occurredAt'],
      ['an unknown field', { type: 'hide', value: 1, colour: 'red' }, 'colour'],
      ['an eventId with U+0000', { type: 'hide', value: 1, eventId: '\0' }, 'eventId'],
    ])('an interaction with %s is refused', async (_, more, field) => {
      const decisionId = await decided();
      const before = world.journal.events.length;
      const response = await post('/v1/interactions', { eventId: 'i', decisionId, ...more });
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({ violations: [expect.objectContaining({ field })] });
      expect(world.journal.events).toHaveLength(before);
    });

    it('one bad event in a batch refuses the whole batch, and names its place', async () => {
      const decisionId = await decided();
      const before = world.journal.events.length;
      const interactions = [
        { eventId: 'i-1', decisionId, type: 'watchMs', value: 10 },
        { eventId: 'i-2', decisionId, type: 'watchMs', value: 10 ** 9 },
      ];
      const response = await post('/v1/interactions', { interactions });
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({
        violations: [{ field: 'interactions[1].value', value: 10 ** 9 }],
      });
      expect(world.journal.events).toHaveLength(before);
    });

    it('a session may be closed without a value', async () => {
      const response = await post('/v1/interactions', {
        eventId: 'c',
        decisionId: await decided(),
        type: 'session_closed',
      });
      expect(response.status).toBe(202);
      expect(world.journal.events.at(-1)).toMatchObject({ type: 'session_closed', value: 1 });
    });

    it('feedback of a surface that the key does not cover is 403', async () => {
      const key = await world.key('decider', { surfaces: ['other-feed'] });
      expect((await post('/v1/exposures', { eventId: 'e', decisionId: await decided() }, key)).status).toBe(
        403,
      );
    });

    it('a full journal is 503 with Retry-After, and nothing of the batch is kept', async () => {
      const decisionId = await decided();
      const before = world.journal.events.length;
      world.journal.setFull(true);
      const response = await post('/v1/exposures', {
        exposures: [
          { eventId: 'x', decisionId },
          { eventId: 'y', decisionId },
        ],
      });
      world.journal.setFull(false);
      expect(response.status).toBe(503);
      expect(response.headers['retry-after']).toMatch(/^\d+$/);
      expect(response.body).toMatchObject({ code: 'journal_full', retryable: true });
      expect(world.journal.events).toHaveLength(before);
    });
  });

  describe('registry', () => {
    const upload = (bytes: Uint8Array) =>
      api
        .post('/v1/policies')
        .set('authorization', `Bearer ${admin}`)
        .set('content-type', 'application/octet-stream')
        .send(Buffer.from(bytes));

    it.each<[string, () => Uint8Array, number, string]>([
      ['that is no artifact', () => new Uint8Array(100), 422, 'artifact_invalid'],
      [
        'that is truncated',
        () => encodeArtifact(fixedPolicyArtifact(surface, [0.5, 0.5])).slice(0, -2),
        422,
        'artifact_invalid',
      ],
      [
        'of another schema version',
        () => encodeArtifact(fixedPolicyArtifact({ ...surface, schemaVersion: 2 }, [0.5, 0.5])),
        422,
        'artifact_invalid',
      ],
      [
        'of other actions',
        () => encodeArtifact(fixedPolicyArtifact({ ...surface, actions: ['none', 'clip'] }, [0.5, 0.5])),
        422,
        'artifact_invalid',
      ],
      [
        'of an unknown surface',
        () => encodeArtifact(fixedPolicyArtifact({ ...surface, name: 'nowhere' }, [0.5, 0.5])),
        404,
        'surface_unknown',
      ],
    ])('an upload %s is refused', async (_, bytes, status, code) => {
      const before = (await world.services.policies.list(world.admin)).length;
      const response = await upload(bytes());
      expect(response.body).toMatchObject({ code, status });
      expect(await world.services.policies.list(world.admin)).toHaveLength(before);
    });

    it('a fixed policy is served as declared; one that is no distribution over the actions is refused', async () => {
      const create = (probabilities: object) => post('/v1/policies', { surface: 'live-feed', probabilities });
      const made = await create({ none: 0.25, live: 0.75 });
      expect(made.status).toBe(201);
      expect((await create({ none: 0.25, live: 0.75 })).body).toMatchObject({
        version: (made.body as { version: string }).version,
      });
      expect((await create({ none: 0.5 })).body).toMatchObject({
        violations: [{ field: 'probabilities', value: 0.5 }],
      });
      expect((await create({ none: 0.5, clip: 0.5 })).body).toMatchObject({
        violations: [{ field: 'probabilities.clip' }],
      });
      expect((await create({ none: 1.5, live: -0.5 })).status).toBe(400);
    });

    it('an alias to an unknown, a foreign and an unservable version is refused', async () => {
      const alias = (version: string) => put('/v1/surfaces/live-feed/aliases/champion', { version });
      expect((await alias('live-feed@99')).body).toMatchObject({ code: 'policy_unknown' });
      const external = await post('/v1/policies', { surface: 'live-feed', name: 'legacy' });
      expect(external.status).toBe(201);
      const { version } = external.body as { version: string };
      expect((await alias(version)).body).toMatchObject({ code: 'state_conflict' });
      const other = await world.services.policies.publish(
        encodeArtifact(fixedPolicyArtifact({ ...surface, name: 'other-feed' }, [0.5, 0.5])),
        world.admin,
      );
      expect((await alias(other.version)).body).toMatchObject({ code: 'state_conflict' });
    });

    it.each<[string, Record<string, unknown>, string]>([
      ['an unknown field', { colour: 'red' }, 'colour'],
      ['no responses', { responses: [] }, 'responses'],
      ['an unknown feature type', { features: [{ name: 'x', type: 'image' }] }, 'features[0].type'],
      [
        'a feature called __proto__',
        { features: [{ name: '__proto__', type: 'boolean' }] },
        'features[0].name',
      ],
      ['a floor above one', { explorationFloor: 1.5 }, 'explorationFloor'],
      ['another name than the path', { name: 'elsewhere' }, 'name'],
    ])('a surface with %s is refused', async (_, more, field) => {
      const response = await put('/v1/surfaces/new-feed', { ...liveFeed, ...more });
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({
        violations: expect.arrayContaining([expect.objectContaining({ field })]),
      });
      expect((await world.services.surfaces.list(world.admin)).map((s) => s.surface.name)).not.toContain(
        'new-feed',
      );
    });

    it('a breaking change of a surface needs a new schema version', async () => {
      const changed = { ...liveFeed, actions: ['none', 'clip'] };
      const refused = await put('/v1/surfaces/other-feed', changed);
      expect(refused.body).toMatchObject({ code: 'schema_breaking_change', status: 409 });
      expect((await put('/v1/surfaces/other-feed', { ...changed, schemaVersion: 2 })).status).toBe(200);
    });

    it('an experiment without exactly one control, or of unknown versions, is refused', async () => {
      const variants = [
        { name: 'a', role: 'control', policyVersion: 'live-feed@1' },
        { name: 'b', role: 'treatment', policyVersion: 'live-feed@1' },
      ];
      const create = (body: object) => post('/v1/experiments', { surface: 'live-feed', name: 'x', ...body });
      expect((await create({ variants: [variants[1], { ...variants[1], name: 'c' }] })).status).toBe(400);
      expect(
        (await create({ variants: [variants[0], { ...variants[1], policyVersion: 'live-feed@77' }] })).body,
      ).toMatchObject({
        code: 'policy_unknown',
      });
      expect((await create({ variants })).status).toBe(201);
      expect((await create({ variants })).body).toMatchObject({ code: 'state_conflict' });
      expect((await post('/v1/experiments/x:pause', {})).body).toMatchObject({ code: 'state_conflict' });
      expect((await post('/v1/experiments/nobody:start', {})).body).toMatchObject({
        code: 'experiment_unknown',
      });
    });
  });

  it('a path that is not valid percent-encoding is a problem, not a crash', async () => {
    const response = await api.get('/v1/surfaces/%E0%A4%A').set('authorization', `Bearer ${admin}`);
    expect(response.body).toMatchObject({ code: 'invalid_request', status: 400 });
  });
});
