import { createServer as createHttpServer, STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createApp } from './app.ts';
import { createDecideHandlers } from './decide/handler.ts';
import { securityHeaders } from './http/security-headers.ts';
import { PROBLEM_TYPE } from './problem.ts';
import type { ApiServices } from './services.ts';

export interface ServerTimeouts {
  /** A client has this long for its headers, and for a whole request; a trickling one is cut off with 408. */
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** A connection on which nothing moves for this long is cut: a client that sends or reads nothing holds no memory. */
  readonly idleMs: number;
  /** How often the two are looked at. */
  readonly checkMs: number;
}

const patience: ServerTimeouts = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  idleMs: 120_000,
  checkMs: 2000,
};

/** One port: decisions on a bare handler, everything else in Express. Does not listen. */
export function createServer(services: ApiServices, timeouts: ServerTimeouts = patience): Server {
  const app = createApp(services);
  const { single, batch } = createDecideHandlers(services);
  const newest = new WeakMap<Socket, ServerResponse>();
  const server = createHttpServer(
    {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      connectionsCheckingInterval: timeouts.checkMs,
      maxHeaderSize: 16_384,
      noDelay: true,
    },
    (request, response) => {
      newest.set(request.socket, response);
      if (request.method === 'POST') {
        if (request.url === '/v1/decisions') return single(request, response);
        if (request.url === '/v1/decisions:batch') return batch(request, response);
      }
      app(request, response);
    },
  );
  server.setTimeout(timeouts.idleMs);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    refuseRaw(error, socket, newest.get(socket)),
  );
  return server;
}

/** What cannot be parsed as HTTP has no response object: the answer is written by hand and the connection ends. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Socket, before: ServerResponse | undefined): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (before?.req.complete === true && !before.writableFinished) {
    // A whole request waits for its answer, and would take ours for it: the connection ends behind that one.
    before.once('finish', () => socket.end());
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({
    type: '/docs#invalid_request',
    title: STATUS_CODES[status],
    status,
    detail: 'the request is not valid HTTP, too large in its headers, or too slow',
    code: 'invalid_request',
    retryable: status === 408,
    violations: [],
  });
  const headers = Object.entries({
    ...securityHeaders,
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n${body}`);
}
