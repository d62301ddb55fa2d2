import { once } from 'node:events';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import type pg from 'pg';

/** What `pg` hands to the query in hand; COPY is not in its own queries. */
interface Connection {
  readonly stream: { pause(): void; resume(): void };
  query(text: string): void;
  sync(): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** The part of a query that both directions share: it ends with ready-for-query, or fails. */
abstract class Copy {
  readonly done: Promise<number>;
  readonly #text: string;
  #resolve: (rows: number) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #rows = 0;

  constructor(text: string) {
    this.#text = text;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rows = Number(/\d+$/.exec(message.text)?.[0] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.failed(error);
    this.#reject(error);
  }

  protected abstract failed(error: unknown): void;
}

class CopyOut extends Copy {
  readonly out = new PassThrough({ highWaterMark: 1024 * 1024 });
  #isPaused = false;

  handleCopyData(message: { readonly chunk: Uint8Array }, connection: Connection): void {
    // What had been read before the pause still comes: it waits for the one drain.
    if (this.out.write(Buffer.from(message.chunk)) || this.#isPaused) return;
    this.#isPaused = true;
    connection.stream.pause();
    this.out.once('drain', () => {
      this.#isPaused = false;
      connection.stream.resume();
    });
  }

  override handleReadyForQuery(): void {
    this.out.end();
    super.handleReadyForQuery();
  }

  protected failed(error: unknown): void {
    this.out.destroy(error as Error);
  }
}

class CopyIn extends Copy {
  readonly #source: Readable;

  constructor(text: string, source: Readable) {
    super(text);
    this.#source = source;
  }

  handleCopyInResponse(connection: Connection): void {
    this.#send(connection).catch((error: unknown) => connection.sendCopyFail(String(error)));
  }

  async #send(connection: Connection): Promise<void> {
    const socket = connection.stream as unknown as Writable;
    for await (const chunk of this.#source) {
      connection.sendCopyFromChunk(chunk as Uint8Array);
      if (socket.writableNeedDrain) await once(socket, 'drain');
    }
    connection.endCopyFrom();
  }

  protected failed(): void {
    this.#source.destroy();
  }
}

/** `copy … to stdout` as a stream of bytes; `rows` resolves when the server has sent them all. */
export function copyOut(
  client: pg.ClientBase,
  text: string,
): { readonly bytes: Readable; readonly rows: Promise<number> } {
  const copy = client.query(new CopyOut(text) as unknown as pg.Submittable) as unknown as CopyOut;
  return { bytes: copy.out, rows: copy.done };
}

/** `copy … from stdin`, fed with the bytes of `source`; resolves with the rows. */
export async function copyIn(client: pg.ClientBase, text: string, source: Readable): Promise<number> {
  const copy = client.query(new CopyIn(text, source) as unknown as pg.Submittable) as unknown as CopyIn;
  return await copy.done;
}
