import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a client may take to finish its request when the server stops. */
const HURRY_MS = 5_000;
/** How long a connection that is kept alive has for one more request, which is answered with `connection: close`. */
const GOODBYE_MS = 500;

/** Listens and tells the address under which this machine reaches it. */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const actual = (server.address() as AddressInfo).port;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${String(actual)}`;
}

/**
 * Takes no new connection, answers what is in hand; a client that never finishes does not keep the process. Connections that
 * are kept alive are told `connection: close` with their next answer: cutting them while they look idle loses the request
 * that is just on its way (`npm run faults -- --only sigterm`).
 */
export async function stopListening(server: Server): Promise<void> {
  server.prependListener('request', (_request, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
  // Of `net`, because the one of `http` cuts idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  const hurry = setTimeout(() => server.closeAllConnections(), HURRY_MS);
  await Promise.race([closed, sleep(GOODBYE_MS, undefined, { ref: false })]);
  server.close();
  await closed;
  clearTimeout(hurry);
}
