import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How long a client may take to finish its request when the server stops. */
const HURRY_MS = 5_000;

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

/** Takes nothing new, answers what is in hand; a client that never finishes does not keep the process. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const hurry = setTimeout(() => server.closeAllConnections(), HURRY_MS);
  await closed;
  clearTimeout(hurry);
}
