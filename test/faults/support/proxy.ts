import { type Server, type Socket, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Between Allot and PostgreSQL: passes bytes on, or swallows them like a firewall that forgot the connection. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #held = new Set<Socket>();
  #isSwallowing = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => proxy.#accept(client, port));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #accept(client: Socket, port: number): void {
    client.on('error', () => undefined);
    if (this.#isSwallowing) {
      this.#held.add(client);
      client.resume();
      return;
    }
    const server = connect(port, '127.0.0.1');
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('error', () => undefined);
      from.on('data', (bytes: Buffer) => void (this.#held.has(client) || to.write(bytes)));
      from.on('close', () => {
        this.#pairs.delete(pair);
        if (!this.#held.has(client)) to.destroy();
      });
    }
  }

  /** Every connection goes silent and stays open; new ones are taken and never answered. */
  swallow(): void {
    this.#isSwallowing = true;
    for (const [client] of this.#pairs) this.#held.add(client);
  }

  /** New connections pass again; with `reset` the silent ones are cut, otherwise they stay silent for good. */
  pass({ reset }: { readonly reset: boolean }): void {
    this.#isSwallowing = false;
    if (!reset) return;
    for (const [client, server] of this.#pairs) {
      if (!this.#held.has(client)) continue;
      client.destroy();
      server.destroy();
    }
    for (const client of this.#held) client.destroy();
    this.#held.clear();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.forEach((socket) => socket.destroy());
    for (const client of this.#held) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
