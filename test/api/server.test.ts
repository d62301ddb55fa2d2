import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { securityHeaders } from '../../api/http/security-headers.ts';
import { createServer } from '../../api/server.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

describe('the server against clients that misbehave', () => {
  let world: ApiWorld;
  let port: number;
  let key: string;
  let close: () => void;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    world = await createApiWorld();
    await world.declare(liveFeed);
    key = await world.key('decider');
    const server = createServer(world.services, {
      headersMs: 100,
      requestMs: 200,
      keepAliveMs: 1000,
      idleMs: 1500,
      checkMs: 50,
    });
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    close = () => {
      server.closeAllConnections();
      server.close();
    };
  });
  afterAll(async () => {
    close();
    await world.stop();
  });

  /** Sends the text, then nothing more, and collects what comes back until the server hangs up. */
  async function answerTo(text: string): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
  const head = (more: string): string =>
    `POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${more}`;

  it('a body that never comes to its end is cut off with 408', async () => {
    expect(await answerTo(head('content-length: 100\r\n\r\n{"requestId":'))).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('headers that never come to their end are cut off with 408', async () => {
    expect(await answerTo('POST /v1/decisions HTTP/1.1\r\nhost: x\r\nx-slow: ')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('a connection that is kept but not used is closed', async () => {
    const body = JSON.stringify({ requestId: 'k', surface: 'live-feed', unitId: 'u', features: { hour: 1 } });
    // It ends only because the server hangs up: nothing here closes it.
    const answer = await answerTo(head(`content-length: ${String(body.length)}\r\n\r\n${body}`));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.toLowerCase()).toContain('connection: keep-alive');
  });

  it('a client that asks for much and reads nothing is cut off', async () => {
    const reader = await world.key('reader');
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    const before = sockets.length;
    await once(socket, 'connect');
    const ask = `GET /openapi.json HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${reader}\r\n\r\n`;
    socket.write(ask.repeat(200));
    while (sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 10));
    await once(sockets[before], 'close');
    socket.destroy();
    await once(socket, 'close');
  });

  it.each([
    ['what is not HTTP', 400, () => 'GARBAGE\r\n\r\n'],
    ['headers beyond the limit', 431, () => head(`x-long: ${'x'.repeat(20_000)}\r\n\r\n`)],
    ['headers that never end', 408, () => 'POST /v1/decisions HTTP/1.1\r\nhost: x\r\nx-slow: '],
  ])('%s is answered with the headers of every answer and a whole problem', async (_, status, text) => {
    const [start, body] = (await answerTo(text())).split('\r\n\r\n');
    const headers = new Map(start.split('\r\n').map((line) => line.split(': ', 2) as [string, string]));
    for (const [name, value] of Object.entries(securityHeaders)) expect(headers.get(name)).toBe(value);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('connection')).toBe('close');
    expect(Number(headers.get('content-length'))).toBe(body.length);
    expect(JSON.parse(body)).toMatchObject({ status, type: '/docs#invalid_request', violations: [] });
  });

  it('what is not HTTP gets a problem document and the end of the connection', async () => {
    const answer = await answerTo('GARBAGE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('application/problem+json');
  });

  it('headers beyond the limit are 431', async () => {
    expect(await answerTo(head(`x-long: ${'x'.repeat(20_000)}\r\n\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a client that goes away in the middle of its body leaves no decision and the server answering', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(head('content-length: 100\r\n\r\n{"requestId":'));
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    const body = JSON.stringify({ requestId: 'r', surface: 'live-feed', unitId: 'u', features: { hour: 1 } });
    const answer = await answerTo(
      head(`connection: close\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(world.journal.events.filter((e) => e.kind === 'decision' && e.requestId === 'r')).toHaveLength(1);
  });

  it('what follows a request and is not HTTP never stands in the place of its answer', async () => {
    const body = JSON.stringify({ requestId: 'p', surface: 'live-feed', unitId: 'p', features: { hour: 1 } });
    const valid = head(`content-length: ${String(body.length)}\r\n\r\n${body}`);
    const answer = await answerTo(`${valid}GARBAGE\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it('pipelined requests are answered in their order', async () => {
    const bodyOf = (unitId: string): string =>
      JSON.stringify({ requestId: unitId, surface: unitId, unitId, features: {} });
    const request = (unitId: string, more = ''): string =>
      head(`${more}content-length: ${String(bodyOf(unitId).length)}\r\n\r\n${bodyOf(unitId)}`);
    const answer = await answerTo(request('first') + request('second', 'connection: close\r\n'));
    expect(answer.indexOf('"value":"first"')).toBeGreaterThan(0);
    expect(answer.indexOf('"value":"second"')).toBeGreaterThan(answer.indexOf('"value":"first"'));
  });
});
