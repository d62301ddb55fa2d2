import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** How long clients may take to use up the connections they kept, when the server stops. */
const HURRY_MS = 5_000;
/** How long they may take to finish their requests. */
const LAST_MS = 9_000;
/** Connections that are kept alive are cut when none of them has brought a request for so long. */
const QUIET_MS = 500;

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
 * are kept alive are told `connection: close` with their next answer, and the rest are cut only when no request has come for
 * a while: cutting a connection because it looks idle loses the request that is just on its way. (A connection that the kernel
 * opens in the moment of the close, and nobody took, is reset by it; its request never reached the process.)
 */
export async function stopListening(
  server: Server,
  { quietMs = QUIET_MS, hurryMs = HURRY_MS, lastMs = LAST_MS } = {},
): Promise<void> {
  await takeWaiting(server);
  let isClosed = false;
  // Of `net`, because the one of `http` cuts idle connections at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  void closed.then(() => (isClosed = true));
  // Not before: a client that is told `close` opens another connection, into a listener that closes.
  let lastRequestAt = Date.now();
  server.prependListener('request', (_request, response: ServerResponse) => {
    lastRequestAt = Date.now();
    response.shouldKeepAlive = false;
  });
  const hurry = setTimeout(() => server.closeIdleConnections(), hurryMs);
  const last = setTimeout(() => server.closeAllConnections(), lastMs);
  for (let left = quietMs; left > 0 && !isClosed; left = lastRequestAt + quietMs - Date.now()) {
    await Promise.race([closed, sleep(left, undefined, { ref: false })]);
    // After a standstill the timer comes before the requests that have arrived meanwhile.
    await turns();
  }
  server.close();
  await closed;
  clearTimeout(hurry);
  clearTimeout(last);
}

/** A turn of the event loop takes one connection; beyond so many they come faster than they are taken. */
const MOST_WAITING = 1_000;

/** What the kernel has opened already is taken before the listener closes, which would reset it. */
async function takeWaiting(server: Server): Promise<void> {
  let taken = 0;
  const count = (): void => void (taken += 1);
  server.on('connection', count);
  for (let before = -1; before !== taken && taken < MOST_WAITING;) {
    before = taken;
    await turns();
  }
  server.off('connection', count);
}

/** Two: what has arrived is read in the turn after the one in which a timer was late. */
async function turns(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
