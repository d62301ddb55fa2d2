import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerHeads } from '../../api/decide/answer-heads.ts';
import { jsonHeaders } from '../../api/http/send.ts';

describe('the head of an answered decision', () => {
  let server: Server;
  let isReused = false;
  const heads = new AnswerHeads();

  beforeAll(async () => {
    server = createServer((request, response) => {
      const middleware = request.headers['x-set'];
      if (middleware !== undefined) response.setHeader('x-set', middleware);
      const writeHead = response.writeHead.bind(response);
      isReused = true;
      response.writeHead = ((...args: Parameters<typeof writeHead>) => {
        isReused = false;
        return writeHead(...args);
      }) as typeof writeHead;
      heads.send(response, decodeURIComponent(request.url?.slice(1) ?? ''));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** The answer to one request, byte by byte; dates are not compared. */
  async function ask(body: string, more = '', version = '1.1'): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`GET /${encodeURIComponent(body)} HTTP/${version}\r\nhost: x\r\n${more}\r\n`);
    let text = '';
    while (!text.endsWith(body)) text += ((await once(socket, 'data')) as [Buffer])[0].toString('utf8');
    socket.destroy();
    return text.replace(/Date: [^\r]+/, 'Date: then');
  }

  it('is node’s own, and the same text when it is used again', async () => {
    const first = await ask('{"a":1}');
    let again = '';
    // A second may begin in between.
    for (let tries = 0; tries < 20 && !isReused; tries += 1) again = await ask('{"a":1}');
    expect(isReused).toBe(true);
    expect(again).toBe(first);
    expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const [name, value] of Object.entries(jsonHeaders))
      expect(first).toContain(`\r\n${name}: ${value}\r\n`);
    expect(first).toContain('\r\nDate: then\r\nConnection: keep-alive\r\nKeep-Alive: timeout=');
  });

  it('tells the length in bytes of its own body', async () => {
    for (const body of ['{}', '{"a":1}', '{"ü":"🎈"}', '{"long":"body"}', '{"ü":"🎈"}']) {
      expect(await ask(body)).toContain(`\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\n`);
    }
  });

  it('is the connection’s last one for who asks for that, and says nothing of it to the next', async () => {
    await ask('{"a":2}');
    expect(await ask('{"a":2}', 'connection: close\r\n')).toContain('\r\nConnection: close\r\n');
    expect(await ask('{"a":2}', '', '1.0')).toContain('\r\nConnection: close\r\n');
    expect(await ask('{"a":2}')).toContain('\r\nConnection: keep-alive\r\n');
  });

  it('has what was set for this request before, and gives it to no other', async () => {
    expect(await ask('{"a":3}', 'x-set: one\r\n')).toContain('\r\nx-set: one\r\n');
    expect(await ask('{"a":3}', 'x-set: two\r\n')).toContain('\r\nx-set: two\r\n');
    expect(await ask('{"a":3}')).not.toContain('x-set');
  });
});
