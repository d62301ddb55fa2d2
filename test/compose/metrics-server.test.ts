import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { securityHeaders } from '../../api/http/security-headers.ts';
import { startMetricsServer, type MetricsServer } from '../../src/compose/metrics-server.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { Role } from '../../src/service/ports/control.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';

const stores = createMemoryStores();
const control = { isAway: false };
const metrics = createMetrics();
let server: MetricsServer;

async function keyOf(role: Role, tenant = 'default', surfaces: string[] | null = null): Promise<string> {
  const { key, record } = createKey({ tenant, role, surfaces });
  await stores.keys.add(record);
  return key;
}

const get = (path: string, key?: string, method = 'GET', { port } = server): Promise<Response> =>
  fetch(`http://127.0.0.1:${String(port)}${path}`, {
    method,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });

let keys: Readonly<Record<string, string>>;

beforeAll(async () => {
  keys = {
    reader: await keyOf('reader'),
    decider: await keyOf('decider'),
    guest: await keyOf('admin', 'acme'),
    limited: await keyOf('admin', 'default', ['live-feed']),
  };
  server = await startMetricsServer({
    ...{ host: '127.0.0.1', port: 0, metrics, logger: silentLogger },
    control: {
      load: () => (control.isAway ? Promise.reject(new Error('away')) : stores.control.load()),
    },
  });
});
afterAll(() => server.stop());

describe('the metrics of a process without an HTTP API', () => {
  it('are told to a key of the operator that may look', async () => {
    metrics.isLeader(true);
    const answer = await get('/metrics', keys.reader);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(metrics.contentType);
    expect(await answer.text()).toContain('allot_controller_leader 1');
  });

  it.each([
    ['no key', undefined, 401],
    ['an unknown key', 'allot_guess', 401],
    ['a key that only decides', 'decider', 403],
    ['a key of another tenant', 'guest', 403],
    ['a key that is limited to a surface', 'limited', 403],
  ] as const)('are not told to %s', async (_, name, status) => {
    const answer = await get('/metrics', name === undefined ? name : (keys[name] ?? name));
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain('allot_controller_leader');
  });

  it.each([
    ['GET', '/metrics', 'reader', 200],
    ['GET', '/health/live', undefined, 200],
    ['GET', '/metrics', undefined, 401],
    ['GET', '/metrics', 'decider', 403],
    ['GET', '/elsewhere', 'reader', 404],
    ['POST', '/metrics', 'reader', 405],
  ] as const)(
    '%s %s as %s is %i, with the headers of every answer and a problem where it is one',
    async (...row) => {
      const [method, path, name, status] = row;
      const answer = await get(path, name === undefined ? undefined : keys[name], method);
      expect(answer.status).toBe(status);
      for (const [header, value] of Object.entries(securityHeaders)) {
        expect(answer.headers.get(header)).toBe(value);
      }
      if (status < 400) return;
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(await answer.json()).toMatchObject({ status, violations: [] });
    },
  );

  it('are told while the database is away', async () => {
    control.isAway = true;
    try {
      expect((await get('/metrics', keys.reader)).status).toBe(200);
    } finally {
      control.isAway = false;
    }
  });

  it('are told to all who ask first and at once; before any key was read the answer is to try again, not a refusal', async () => {
    let isAway = true;
    let loads = 0;
    const fresh = await startMetricsServer({
      ...{ host: '127.0.0.1', port: 0, metrics, logger: silentLogger },
      control: {
        async load() {
          loads += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
          if (isAway) throw new Error('away');
          return await stores.control.load();
        },
      },
    });
    try {
      const scrape = async () => (await get('/metrics', keys.reader, 'GET', fresh)).status;
      expect(await Promise.all([scrape(), scrape()])).toEqual([503, 503]);
      isAway = false;
      loads = 0;
      expect(await Promise.all([scrape(), scrape(), scrape()])).toEqual([200, 200, 200]);
      expect(loads).toBe(1);
    } finally {
      await fresh.stop();
    }
  });

  it('come with a sign of life, and nothing else', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ status: 'live' });
    expect((await get('/v1/decisions', keys.reader)).status).toBe(404);
    expect((await get('/metrics', keys.reader, 'POST')).status).toBe(405);
  });
});
