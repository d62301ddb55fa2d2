import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

describe('experiments over HTTP', () => {
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;
  let keys: readonly string[];
  beforeAll(async () => {
    world = await createApiWorld();
    const surface = await world.declare(liveFeed);
    for (const [i, p] of [0.9, 0.5].entries()) {
      const version = await world.policy(surface, [p, 1 - p]);
      const alias = i === 0 ? 'champion' : 'challenger';
      await world.services.policies.setAlias('live-feed', alias, { version }, world.admin);
    }
    api = supertest(createApp(world.services));
    keys = await Promise.all([world.key('admin'), world.key('admin'), world.key('admin')]);
  });
  afterAll(() => world.stop());

  const declared = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
    surface: 'live-feed',
    name,
    variants: [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'challenger' },
    ],
    ...more,
  });
  const post = (path: string, body: object, key = 0) =>
    api.post(path).set('authorization', `Bearer ${keys[key]}`).send(body);
  const put = (path: string, body: object) =>
    api.put(path).set('authorization', `Bearer ${keys[0]}`).send(body);
  const get = (path: string) => api.get(path).set('authorization', `Bearer ${keys[0]}`);

  describe('say by what they are judged', () => {
    it('and keep to it once they have started', async () => {
      const plain = await post('/v1/experiments', declared('plain'));
      expect(plain.body).toMatchObject({ plan: { method: 'confidence-sequence' } });
      const body = declared('mixture', { method: 'msprt', tunedAtUnits: 5000 });
      expect((await post('/v1/experiments', body)).body).toMatchObject({
        plan: { method: 'msprt', tunedAtUnits: 5000 },
      });
      await post('/v1/experiments/mixture:start', {});
      for (const [field, change] of [
        ['method', { method: 'confidence-sequence' }],
        ['tunedAtUnits', { tunedAtUnits: 50 }],
        ['level', { level: 0.8 }],
      ] as const) {
        const refused = await put('/v1/experiments/mixture', { ...body, ...change });
        expect(refused.status).toBe(409);
        expect(refused.body).toMatchObject({
          detail: expect.stringContaining(`changing ${field} would judge`),
        });
      }
      expect((await put('/v1/experiments/mixture', { ...body, minUnits: 500 })).status).toBe(200);
      const { entries } = (await get('/v1/audit')).body as {
        entries: { action: string; subject: string; details: object }[];
      };
      expect(
        entries.find((one) => one.action === 'experiment.create' && one.subject === 'mixture'),
      ).toMatchObject({
        details: { judgement: { method: 'msprt', tunedAtUnits: 5000, level: 0.95 } },
      });
      const cookie = (await api.post('/login').type('form').send({ key: keys[0] })).headers['set-cookie'][0];
      const page = await api.get('/experiments/mixture').set('cookie', cookie);
      expect(page.text).toContain('by msprt at level 0.95, tightest at 5000 units');
    });

    it('and never by one that holds at one look only', async () => {
      const refused = await post('/v1/experiments', declared('fixed', { method: 'fixed' }));
      expect(refused.status).toBe(400);
      expect(refused.body).toMatchObject({ violations: [{ field: 'method' }] });
    });
  });

  describe('that needed a second key to start', () => {
    const opened = async (id: string): Promise<number> => {
      const { body } = await get(`/v1/experiments/${id}`);
      return (body as { blocks: { toBucket: number }[] }).blocks.at(-1)!.toBucket;
    };
    const start = async (name: string, more: Readonly<Record<string, unknown>>) => {
      await post('/v1/experiments', declared(name, { isApprovalNeeded: true, ...more }));
      expect((await post(`/v1/experiments/${name}:approve`, {}, 1)).status).toBe(200);
      expect((await post(`/v1/experiments/${name}:start`, {})).status).toBe(200);
      return {
        widen: (trafficShare: number, key = 0) =>
          post(`/v1/experiments/${name}:start`, { trafficShare }, key),
        agree: (trafficShare: number, key = 1) =>
          post(`/v1/experiments/${name}:approve`, { purpose: 'widen', trafficShare }, key),
      };
    };

    it('need one to be widened by hand, to that share and by another than who agreed', async () => {
      const { widen, agree } = await start('by-hand', { trafficShare: 0.1 });
      const alone = await widen(0.5);
      expect(alone.status).toBe(409);
      expect(alone.body).toMatchObject({
        detail: expect.stringContaining("needs a second key's approval to widen to 0.5"),
      });
      expect(await opened('by-hand')).toBe(1000);
      expect((await agree(0.2)).status).toBe(200);
      expect((await widen(0.5)).status).toBe(409);
      expect((await widen(0.2, 1)).status).toBe(409);
      expect((await widen(0.2)).status).toBe(200);
      expect(await opened('by-hand')).toBe(2000);
      // Whoever wrote it may agree to what another key wants to do.
      expect((await agree(0.4, 0)).status).toBe(200);
      expect((await widen(0.4, 0)).status).toBe(409);
      expect((await widen(0.4, 1)).status).toBe(200);
    });

    it('need one to be widened while paused, and from the draft on', async () => {
      const { widen, agree } = await start('paused', { trafficShare: 0.1 });
      await post('/v1/experiments/paused:pause', {});
      expect((await widen(0.3)).status).toBe(409);
      await agree(0.3);
      expect((await widen(0.3)).body).toMatchObject({ state: 'running' });
      await post('/v1/experiments', declared('first', { isApprovalNeeded: true, trafficShare: 0.1 }));
      await post('/v1/experiments/first:approve', {}, 1);
      const bolder = await post('/v1/experiments/first:start', { trafficShare: 0.5 });
      expect(bolder.body).toMatchObject({ detail: expect.stringContaining('approval to widen to 0.5') });
      expect(await opened('first')).toBe(1000);
    });

    it('take the steps of the approved plan, each in its turn and time, with one', async () => {
      const step = (trafficShare: number, minSeconds: number) => ({ trafficShare, minSeconds, minUnits: 0 });
      const steps = [step(0.01, 0), step(0.05, 3600), step(0.1, 0)];
      const { widen } = await start('planned', { ramp: { steps } });
      expect((await widen(0.1)).status).toBe(409);
      expect((await widen(0.05)).status).toBe(200);
      expect((await widen(0.1)).status).toBe(409);
      expect(await opened('planned')).toBe(500);
    });

    it('say which share is agreed to, and nothing of one where none is asked for', async () => {
      await start('worded', { trafficShare: 0.1 });
      const approve = (body: object) => post('/v1/experiments/worded:approve', body, 1);
      for (const body of [{ purpose: 'widen' }, { purpose: 'start', trafficShare: 0.5 }])
        expect((await approve(body)).body).toMatchObject({ violations: [{ field: 'trafficShare' }] });
    });
  });

  describe('give their looks in pages', () => {
    const path = '/v1/experiments/looked/looks';
    const numbers = (body: unknown): number[] => (body as { looks: { n: number }[] }).looks.map(({ n }) => n);
    beforeAll(async () => {
      await post('/v1/experiments', declared('looked'));
      const actor = { tenant: 'acme', id: 'controller' };
      for (let n = 1; n <= 230; n += 1) await world.stores.experiments.recordLook('looked', { n }, actor);
    });

    it('of a hundred, from the newest back, each look once', async () => {
      const all: number[] = [];
      let next: number | null = null;
      do {
        const { body } = await get(`${path}${next === null ? '' : `?before=${String(next)}`}`);
        expect(body).toMatchObject({ stored: 230 });
        expect(numbers(body).length).toBeLessThanOrEqual(100);
        all.unshift(...numbers(body));
        ({ next } = body as { next: number | null });
      } while (next !== null);
      expect(all).toEqual(Array.from({ length: 230 }, (_, i) => i + 1));
    });

    it('of as many as asked for, up to a thousand', async () => {
      const { body } = await get(`${path}?limit=3`);
      expect(numbers(body)).toEqual([228, 229, 230]);
      expect(body).toMatchObject({ next: 228, stored: 230 });
      expect((await get(`${path}?limit=1000`)).body).toMatchObject({ next: null });
      expect((await get(`${path}?before=1`)).body).toEqual({ looks: [], next: null, stored: 230 });
    });

    it.each(['limit=0', 'limit=1001', 'limit=x', 'before=0', 'before=x', 'before=1.5', 'before=99999999999'])(
      'and refuse %s',
      async (query) => {
        const refused = await get(`${path}?${query}`);
        expect(refused.status).toBe(400);
        expect(refused.body).toMatchObject({ violations: [{ field: query.split('=')[0] }] });
      },
    );

    it('the newest hundred of which are on their page', async () => {
      const cookie = (await api.post('/login').type('form').send({ key: keys[0] })).headers['set-cookie'][0];
      const page = await api.get('/experiments/looked').set('cookie', cookie);
      expect(page.text).toContain('100 newest of 230');
    });
  });
});
