import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

export interface HttpContract {
  /** Listens with what is under test in front; `post` says where the suite sends its JSON bodies. */
  readonly start: (world: ApiWorld) => Promise<{ readonly url: string; close(): Promise<void> }>;
  readonly path: string;
  readonly validBody: (world: ApiWorld, suffix: string) => unknown;
  readonly successStatus: number;
}

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
};

/** What every route promises, whichever code reads the request: auth, limits, problem documents, headers. */
export function httpContract(name: string, contract: HttpContract): void {
  describe(`HTTP contract: ${name}`, () => {
    let world: ApiWorld;
    let url: string;
    let key: string;
    let close: () => Promise<void>;

    beforeAll(async () => {
      world = await createApiWorld();
      await world.declare(liveFeed);
      const started = await contract.start(world);
      ({ url, close } = { url: started.url + contract.path, close: () => started.close() });
      key = await world.key('decider');
    });
    afterAll(async () => {
      await close();
      await world.stop();
    });

    const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body,
      });
    const valid = (suffix: string) => JSON.stringify(contract.validBody(world, suffix));
    const expectProblem = async (response: Response, status: number, code: string) => {
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      const problem = (await response.json()) as Record<string, unknown>;
      expect(problem).toMatchObject({ status, code, type: `/docs#${code}` });
      expect(Object.keys(problem).sort()).toEqual(
        ['code', 'detail', 'retryable', 'status', 'title', 'type', 'violations'].sort(),
      );
      expect(response.status).toBe(status);
      return problem;
    };

    it('a valid request succeeds, as JSON, with the security headers', async () => {
      const response = await send(valid('ok'));
      expect(response.status).toBe(contract.successStatus);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      for (const [header, value] of Object.entries(securityHeaders))
        expect(response.headers.get(header)).toBe(value);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('x-powered-by')).toBeNull();
    });

    it.each([
      ['no key', {}],
      ['an unknown key', { authorization: 'Bearer allot_unknown' }],
      ['another scheme', { authorization: 'Basic YTpi' }],
      ['an empty key', { authorization: 'Bearer ' }],
      ['a key of absurd length', { authorization: `Bearer ${'x'.repeat(4000)}` }],
    ])('%s is 401 and says how to authenticate', async (_, headers) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: valid('auth'),
      });
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      await expectProblem(response, 401, 'unauthenticated');
    });

    it('a key whose role may not is 403', async () => {
      const response = await send(valid('role'), { authorization: `Bearer ${await world.key('reader')}` });
      await expectProblem(response, 403, 'forbidden');
    });

    it('a body of 2 MB is 413, and the connection answers the next request', async () => {
      const response = await send(JSON.stringify({ padding: 'x'.repeat(2 * 1024 * 1024) }));
      await expectProblem(response, 413, 'body_too_large');
      expect((await send(valid('after-413'))).status).toBe(contract.successStatus);
    });

    it('a body that claims to be enormous is refused before it is sent', async () => {
      const answer = await raw(url, [
        `authorization: Bearer ${key}`,
        'content-type: application/json',
        `content-length: ${String(10 ** 10)}`,
      ]);
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain('body_too_large');
    });

    it.each([
      ['broken', '{"requestId": '],
      ['empty', ''],
      ['two values', '{} {}'],
      ['with NaN', '{"requestId":"r","surface":"live-feed","unitId":"u","features":{"hour":NaN}}'],
    ])('JSON that is %s is 400', async (_, body) => {
      await expectProblem(await send(body), 400, body === '' ? emptyCode(contract) : 'invalid_json');
    });

    it('bytes that are not UTF-8 are refused, not repaired', async () => {
      const body = Buffer.concat([
        Buffer.from('{"requestId":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}'),
      ]);
      await expectProblem(await send(body), 400, 'invalid_json');
    });

    it.each([['[1,2]'], ['null'], ['"text"'], ['7']])(
      'a body that is %s is refused with a rule',
      async (body) => {
        const problem = await expectProblem(await send(body), 400, 'invalid_request');
        expect(problem.violations).not.toHaveLength(0);
      },
    );

    it('an unknown field is refused by its name', async () => {
      const body = { ...(contract.validBody(world, 'unknown') as object), colour: 'red' };
      const problem = await expectProblem(await send(JSON.stringify(body)), 400, 'invalid_request');
      expect(problem.violations).toContainEqual({
        field: 'colour',
        rule: 'is not a known field',
        value: 'red',
      });
    });

    it('a __proto__ in the body is an unknown field and reaches no prototype', async () => {
      const body = valid('proto').replace(/^\{/, '{"__proto__":{"polluted":true},');
      await expectProblem(await send(body), 400, 'invalid_request');
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });

    it('an answer does not grow with what was refused: thousands of unknown fields, names without end', async () => {
      const fields = Object.fromEntries(Array.from({ length: 15_000 }, (_, i) => [`field-${String(i)}`, i]));
      for (const body of [fields, { ['x'.repeat(200_000)]: 1 }]) {
        const response = await send(JSON.stringify(body));
        expect(Number(response.headers.get('content-length'))).toBeLessThan(32_768);
        await expectProblem(response, 400, 'invalid_request');
      }
    });

    it('a refusal is made of a bounded number of violations, whatever was sent', async () => {
      const base = contract.validBody(world, 'bounded') as Record<string, unknown>;
      const floods = [
        Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`f${String(i)}`, 1])),
        { ...base, eligibleActions: new Array(400_000).fill(1) },
        { ...base, eligibleActions: new Array(100_000).fill('live') },
        {
          ...base,
          features: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`f${String(i)}`, 1])),
        },
      ];
      for (const body of floods) {
        const problem = await expectProblem(await send(JSON.stringify(body)), 400, 'invalid_request');
        expect((problem.violations as unknown[]).length).toBeLessThanOrEqual(100);
      }
    });

    it('nesting without end is refused', async () => {
      const response = await send(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
      await expectProblem(response, 400, 'invalid_request');
    });

    it.each([
      ['another content type', { 'content-type': 'text/plain' }],
      ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
      ['a compressed body', { 'content-encoding': 'gzip' }],
    ])('%s is 415', async (_, headers) => {
      await expectProblem(await send(valid('type'), headers), 415, 'unsupported_media_type');
    });

    it('a content type with a charset is fine', async () => {
      const response = await send(valid('charset'), { 'content-type': 'application/json; charset=utf-8' });
      expect(response.status).toBe(contract.successStatus);
    });

    it('another method is 405 and says which one is right', async () => {
      const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
      expect(response.headers.get('allow')).toBe('POST');
      await expectProblem(response, 405, 'method_not_allowed');
    });

    it.each([['XYZ'], ['/'], ['/%2e%2e/x'], [':nothing']])(
      '%s behind the path is another route: 404',
      async (tail) => {
        const response = await fetch(url + tail, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}` },
        });
        await expectProblem(response, 404, 'route_unknown');
      },
    );

    rateContract(contract);
  });
}

/** A world of its own: here calls are counted. */
function rateContract(contract: HttpContract): void {
  it('a key beyond its rate is 429 with retry-after, before its body is read; another key goes on', async () => {
    const world = await createApiWorld({}, { rateLimits: { decider: { perSecond: 0.01, burst: 3 } } });
    await world.declare(liveFeed);
    const started = await contract.start(world);
    try {
      const [busy, calm] = [await world.key('decider'), await world.key('decider')];
      const send = (key: string, body: string) =>
        fetch(started.url + contract.path, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body,
        });
      const valid = (suffix: string) => JSON.stringify(contract.validBody(world, suffix));
      for (const suffix of ['1', '2', '3']) {
        expect((await send(busy, valid(suffix))).status).toBe(contract.successStatus);
      }
      const refused = await send(busy, 'not even JSON');
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(90);
      expect(await refused.json()).toMatchObject({ code: 'rate_limited', retryable: true });
      expect((await send(calm, valid('4'))).status).toBe(contract.successStatus);
    } finally {
      await started.close();
      await world.stop();
    }
  });
}

/** Without a body there is nothing to parse on Express; the decide handler always parses. */
const emptyCode = (contract: HttpContract): string =>
  contract.path === '/v1/decisions' ? 'invalid_json' : 'invalid_request';

/** Sends headers only and collects what comes back until the server closes. */
function raw(url: string, headers: readonly string[]): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\n${headers.join('\r\n')}\r\n\r\n`);
    });
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
