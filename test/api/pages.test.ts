import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

describe('pages for people', () => {
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;
  let key: string;
  beforeAll(async () => {
    world = await createApiWorld();
    const surface = await world.declare(liveFeed);
    const version = await world.policy(surface, [0.5, 0.5]);
    await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
    const run = await world.services.runs.start('evaluation', { surface: 'live-feed' }, world.admin);
    const reportHtml = '<!doctype html><script>draw()</script>';
    await world.stores.runs.start('acme', run.id);
    await world.stores.runs.finish('acme', run.id, {
      result: { policyVersion: 'live-feed@1', gate: { verdict: 'insufficient evidence' } },
      reportHtml,
    });
    api = supertest(createApp(world.services));
    key = await world.key('reader');
  });
  afterAll(() => world.stop());

  const form = (sent: string) => api.post('/login').type('form').send({ key: sent });
  const logIn = async (): Promise<string> => {
    const response = await form(key);
    return response.headers['set-cookie'][0];
  };

  it('without a key the overview asks for one and tells nothing', async () => {
    const response = await api.get('/');
    expect(response.status).toBe(200);
    expect(response.text).toContain('<form');
    expect(response.text).not.toContain('live-feed');
  });

  it('a key in the address opens nothing: addresses are kept in histories and logs', async () => {
    const response = await api.get(`/?key=${key}`);
    expect(response.status).toBe(200);
    expect(response.text).toContain('<form');
    expect(response.headers).not.toHaveProperty('set-cookie');
  });

  it('in the demo, which prints it, a key in the address opens a session and disappears from the address', async () => {
    const demo = { ...world.services, pages: { isDemo: true, hasSecureCookies: true } };
    const response = await supertest(createApp(demo)).get(`/?key=${key}`);
    expect(response.status).toBe(303);
    expect(response.headers.location).toBe('/');
    const cookie = response.headers['set-cookie'][0];
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
    expect(cookie).not.toContain(key);
  });

  it('the form opens a session too; a wrong key does not, nor one that may not look', async () => {
    expect((await form(key)).status).toBe(303);
    expect((await form('wrong')).status).toBe(401);
    expect((await form(await world.key('decider'))).status).toBe(401);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['on loopback', {}, false],
    ['on localhost', { host: 'localhost:8787' }, false],
    ['on the loopback of IPv6', { host: '[::1]:8787' }, false],
    ['on another host', { host: 'allot.example.com' }, true],
    ['on a host that only begins like loopback', { host: '127.0.0.1.example.com' }, true],
    ['behind a proxy that ends TLS', { 'x-forwarded-proto': 'https' }, true],
    ['behind a proxy that does not', { 'x-forwarded-proto': 'http' }, false],
  ])(
    'the cookie of a session that is opened %s is kept for TLS where it can be',
    async (_, headers, isSecure) => {
      const cookieOf = async (app: ReturnType<typeof supertest>): Promise<string> =>
        (await app.post('/login').set(headers).type('form').send({ key })).headers['set-cookie'][0];
      const plain = { ...world.services, pages: { isDemo: false, hasSecureCookies: false } };
      expect((await cookieOf(api)).includes('; Secure')).toBe(isSecure);
      expect(await cookieOf(supertest(createApp(plain)))).not.toContain('; Secure');
    },
  );

  it('a key has a bounded number of sessions: its oldest ends, and nobody else’s', async () => {
    const app = supertest(createApp(world.services));
    const open = async (of: string, host: string): Promise<string> =>
      (await app.post('/login').set('host', host).type('form').send({ key: of })).headers['set-cookie'][0];
    const other = await open(await world.key('reader'), 'localhost');
    const cookies: string[] = [];
    for (let i = 0; i < 21; i += 1) cookies.push(await open(key, 'localhost'));
    const isIn = async (cookie: string): Promise<boolean> =>
      !(await app.get('/').set('cookie', cookie)).text.includes('<form');
    expect(await isIn(cookies[0])).toBe(false);
    expect(await isIn(cookies[1])).toBe(true);
    expect(await isIn(cookies[20])).toBe(true);
    expect(await isIn(other)).toBe(true);
  });

  it('a session is charged to its key: the overview asks the store for more than any other page', async () => {
    const limited = await createApiWorld({}, { rateLimits: { reader: { perSecond: 0.01, burst: 3 } } });
    try {
      const app = supertest(createApp(limited.services));
      const opened = await app
        .post('/login')
        .type('form')
        .send({ key: await limited.key('reader') });
      const look = () => app.get('/').set('cookie', opened.headers['set-cookie'][0]);
      for (let i = 0; i < 3; i += 1) expect((await look()).status).toBe(200);
      const refused = await look();
      expect(refused.status).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1);
      expect((await app.get('/')).status).toBe(200);
    } finally {
      await limited.stop();
    }
  });

  it('attempts to log in are limited by address, good keys or not', async () => {
    const app = supertest(createApp(world.services));
    const attempt = (sent: string) => app.post('/login').type('form').send({ key: sent });
    const statuses: number[] = [];
    for (let i = 0; i < 60; i += 1) statuses.push((await attempt('guess')).status);
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    const refused = await attempt(key);
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'rate_limited', retryable: true });
  });

  it('without a key no more than a form is read, whatever it is sent as', async () => {
    const body = JSON.stringify({ key: 'x'.repeat(10_000) });
    const response = await api.post('/login').set('content-type', 'application/json').send(body);
    expect(response.status).toBe(413);
  });

  it('the overview shows surfaces, aliases and links to reports, and needs no script', async () => {
    const response = await api.get('/').set('cookie', await logIn());
    expect(response.text).toContain('live-feed@1');
    expect(response.text).toContain('champion');
    expect(response.text).toContain('live-feed@1: insufficient evidence');
    expect(response.text).toMatch(/href="\/v1\/evaluation-runs\/[^"]+\/report"/);
    expect(response.text).not.toContain('<script');
    expect(response.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('what people named is shown as text, never as markup', async () => {
    const run = await world.services.runs.start('training', { surface: 'live-feed' }, world.admin);
    await world.stores.runs.start('acme', run.id);
    await world.stores.runs.finish('acme', run.id, { error: '<img src=x onerror=alert(1)>' });
    const response = await api.get('/').set('cookie', await logIn());
    expect(response.text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(response.text).not.toContain('<img');
  });

  it('an experiment tells its state, who took the last step, when and why, and what the newest look saw', async () => {
    const variants = [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'champion' },
    ];
    const { experiments } = world.services;
    await experiments.create({ surface: 'live-feed', name: 'taken-back', variants }, world.admin);
    await experiments.start('taken-back', {}, world.admin);
    const cookie = await logIn();
    const page = async (): Promise<string> =>
      (await api.get('/experiments/taken-back').set('cookie', cookie)).text;
    expect(await page()).toContain('Nobody has looked yet');
    expect(await page()).toContain('<td>watchMs</td><td>main</td><td>must be shown to get better');
    expect(await page()).toContain('no data yet');
    const look = {
      at: Date.UTC(2026, 10, 24, 12, 3, 4),
      verdict: 'inconclusive',
      isBlocked: true,
      action: 'hold',
      actionReason: 'delivery: units whose first decision was not delivered: control 0, treatment 15',
      health: [{ name: 'delivery', state: 'failing', reason: 'control 0, treatment 15' }],
    };
    await world.stores.experiments.recordLook('taken-back', look, { tenant: 'acme', id: 'controller' });
    expect(await page()).toContain('Running, and held: it is not healthy');
    const overview = (await api.get('/').set('cookie', cookie)).text;
    expect(overview).toContain(
      '<span class="bad">running, held: delivery: units whose first decision was not delivered: control 0, treatment 15</span>',
    );
    const reason = 'too many <hides>';
    await experiments.rollback('taken-back', { reason }, world.admin);
    const shown = await page();
    expect(shown).toContain('Rolled back: every unit is on the champion.');
    expect(shown).toMatch(/rolled-back on [-\d]+ [:\d]+ UTC by key_\w+: too many &lt;hides&gt;/);
    expect(shown).toContain('2026-11-24 12:03:04');
    expect(shown).toMatch(/hold<\/span><\/td><td>delivery: units whose first decision/);
    expect((await api.get('/').set('cookie', cookie)).text).toContain('href="/experiments/taken-back"');
  });

  it('the overview tells the limits of a surface, and that nothing holds a share where there is no pacing', async () => {
    const cookie = await logIn();
    const limited = {
      ...liveFeed,
      constraints: [{ name: 'live-share', on: 'share-of-actions', direction: 'at-most', threshold: 0.12 }],
    };
    const shown = async (): Promise<string> => (await api.get('/').set('cookie', cookie)).text;
    const { surfaces } = world.services;
    const answer = await surfaces.declare('live-feed', limited, world.admin);
    expect(answer.warnings).toEqual([expect.stringMatching(/^live-share: nothing holds at most 0\.12/)]);
    expect(await shown()).toContain('live-share: share of actions at most 0.12');
    expect(await shown()).toContain('none: the share limit is not held by serving');
    const again = await world.services.policies.setAlias(
      'live-feed',
      'champion',
      { version: 'live-feed@1' },
      world.admin,
    );
    expect(again.warnings).toEqual([expect.stringContaining('live-feed@1 was not trained under it')]);
    await surfaces.declare('live-feed', { ...limited, pacing: { targetShare: 0.11 } }, world.admin);
    expect(await shown()).toContain('share kept at 0.11');
    expect(await shown()).not.toContain('not held by serving');
    await surfaces.declare('live-feed', liveFeed, world.admin);
  });

  it('looks that say the same are one line, and say since when', async () => {
    const variants = [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', alias: 'champion' },
    ];
    await world.services.experiments.create({ surface: 'live-feed', name: 'dull', variants }, world.admin);
    const looked = async (minute: number, actionReason: string): Promise<void> => {
      const at = Date.UTC(2026, 10, 24, 12, minute);
      const look = { at, verdict: 'inconclusive', action: 'wait', actionReason };
      await world.stores.experiments.recordLook('dull', look, { tenant: 'acme', id: 'controller' });
    };
    for (const minute of [1, 2, 3]) await looked(minute, 'too few units');
    await looked(4, 'undecided');
    const { text } = await api.get('/experiments/dull').set('cookie', await logIn());
    expect(text).toContain('2026-11-24 12:03:00, and 2 more since 2026-11-24 12:01:00');
    expect(text.match(/<td>too few units<\/td>/g)).toHaveLength(1);
  });

  it('every page forbids frames, scripts of others, other windows and devices', async () => {
    const cookie = await logIn();
    const pages = [
      await api.get('/'),
      await api.get('/').set('cookie', cookie),
      await api.get('/docs').set('cookie', cookie),
      await api.post('/login').type('form').send({ key: 'wrong' }),
    ];
    for (const { headers, status } of pages) {
      expect([200, 401]).toContain(status);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      });
      const policy = headers['content-security-policy'];
      for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"])
        expect(policy).toContain(rule);
      expect(policy).not.toContain('script-src');
    }
  });

  it('a report is served in a sandbox of its own', async () => {
    const cookie = await logIn();
    const address = /\/v1\/evaluation-runs\/[^"]+\/report/.exec(
      (await api.get('/').set('cookie', cookie)).text,
    )?.[0];
    const response = await api.get(address ?? '').set('cookie', cookie);
    expect(response.text).toContain('draw()');
    expect(response.headers['content-security-policy']).toContain('sandbox allow-scripts');
    expect(response.headers['content-security-policy']).not.toContain('allow-same-origin');
  });

  it('a session is for looking at pages: it changes nothing and reads no API', async () => {
    const cookie = (await form(await world.key('admin'))).headers['set-cookie'][0];
    expect((await api.post('/v1/surfaces/live-feed:kill').set('cookie', cookie)).status).toBe(401);
    expect((await api.get('/v1/surfaces').set('cookie', cookie)).status).toBe(401);
    expect((await api.get('/docs').set('cookie', cookie)).status).toBe(200);
    expect((await api.get('/v1/experiments/none/results').set('cookie', cookie)).status).toBe(404);
  });

  it('a revoked key ends its session', async () => {
    const cookie = await logIn();
    const id = world.serving.authenticate(key)?.keyId ?? '';
    await world.stores.keys.revoke('acme', id);
    await world.serving.refresh();
    expect((await api.get('/').set('cookie', cookie)).text).toContain('<form');
    key = await world.key('reader');
  });

  it('only the probes are open', async () => {
    expect((await api.get('/health/live')).status).toBe(200);
    expect((await api.get('/health/ready')).status).toBe(200);
    for (const path of ['/docs', '/openapi.json', '/metrics', '/v1/surfaces']) {
      expect((await api.get(path)).status).toBe(401);
    }
  });

  it('readiness tells the truth about the journal', async () => {
    world.journal.setFull(true);
    const response = await api.get('/health/ready');
    world.journal.setFull(false);
    expect(response.status).toBe(503);
    expect(response.body).toMatchObject({ isReady: false, reasons: [expect.stringContaining('journal')] });
  });
});
