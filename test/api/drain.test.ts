import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { listen, stopListening } from '../../api/listen.ts';

const keptAlive = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** One GET on the agent's connection: its status and what the answer says about the connection. */
async function get(
  url: string,
  agent: Agent,
): Promise<{ status: number | undefined; connection: string | undefined }> {
  const sent = request(url, { agent }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, connection: response.headers.connection };
}

describe('a server that stops', () => {
  it('answers one more request on a kept-alive connection, and says that it is the last', async () => {
    const server = createServer((_request, response) => response.end('{}'));
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    const agent = keptAlive();
    expect(await get(url, agent)).toEqual({ status: 200, connection: 'keep-alive' });
    const stopped = stopListening(server);
    while (server.listening) await nextTurn();
    expect(await get(url, agent)).toEqual({ status: 200, connection: 'close' });
    await stopped;
    await expect(get(url, agent)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('answers connections that the kernel has opened and the process has not taken yet', async () => {
    const server = createServer((_request, response) => response.end('{}'));
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    const sent = Array.from({ length: 16 }, () => request(url, { agent: keptAlive() }).end());
    const answers = sent.map((one) => once(one, 'response'));
    await Promise.all(sent.map(async (one) => once((await once(one, 'socket'))[0] as Socket, 'connect')));
    await stopListening(server);
    const statuses = (await Promise.all(answers)).map(
      ([response]) => (response as IncomingMessage).statusCode,
    );
    expect(statuses).toEqual(Array.from({ length: 16 }, () => 200));
  });

  it('cuts no kept-alive connection while others still bring requests', async () => {
    const server = createServer((_request, response) => response.end('{}'));
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    const agents = Array.from({ length: 8 }, keptAlive);
    await Promise.all(agents.map((agent) => get(url, agent)));
    const quietMs = 1_000;
    const stopped = stopListening(server, { quietMs });
    while (server.listening) await nextTurn();
    for (const agent of agents) {
      await sleep(quietMs / 5);
      expect(await get(url, agent)).toEqual({ status: 200, connection: 'close' });
    }
    await stopped;
  });

  it('cuts the connections that nobody uses', async () => {
    const server = createServer((_request, response) => response.end('{}'));
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    const agent = keptAlive();
    await get(url, agent);
    await stopListening(server, { quietMs: 1 });
    await expect(get(url, agent)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
  });

  it('answers a request that takes longer than idle connections are left', async () => {
    const server = createServer((_request, response) => setTimeout(() => response.end('{}'), 300));
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    const slow = get(url, keptAlive());
    await once(server, 'request');
    const stopped = stopListening(server, { quietMs: 10_000, hurryMs: 50 });
    expect((await slow).status).toBe(200);
    await stopped;
  });

  it('is not kept by a request that never ends', async () => {
    const server = createServer(() => undefined);
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    const endless = get(url, keptAlive());
    const failed = expect(endless).rejects.toThrow(/ECONNRESET|hang up/);
    await once(server, 'request');
    await stopListening(server, { quietMs: 10, hurryMs: 50, lastMs: 100 });
    await failed;
  });
});
