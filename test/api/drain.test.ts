import { Agent, createServer, request } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listen, stopListening } from '../../api/listen.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** One GET on the kept-alive connection: its status and what the answer says about the connection. */
async function get(url: string): Promise<{ status: number | undefined; connection: string | undefined }> {
  const sent = request(url, { agent }).end();
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, connection: response.headers.connection };
}

describe('a server that stops', () => {
  it('answers one more request on a kept-alive connection, and says that it is the last', async () => {
    const server = createServer((_request, response) => response.end('{}'));
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    expect(await get(url)).toEqual({ status: 200, connection: 'keep-alive' });
    const stopped = stopListening(server);
    expect(await get(url)).toEqual({ status: 200, connection: 'close' });
    await stopped;
    await expect(get(url)).rejects.toThrow(/ECONNREFUSED/);
  });
});
