import { connect, type Socket } from 'node:net';

export interface Answer {
  /** 0: the connection broke before an answer came. */
  readonly status: number;
  readonly body: string;
}

/**
 * One keep-alive HTTP/1.1 connection, one request at a time, by hand: it costs the load generator a quarter of what Node's own
 * client does, so that the service has the machine. It reads what Allot answers: a status line, a content length, a body.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  readonly #head: string;
  #socket: Socket | null = null;
  #received = '';
  #waiting: ((answer: Answer) => void) | null = null;

  constructor(url: string, key: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
    this.#head = `host: ${hostname}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n`;
  }

  /** Bodies are ASCII, so characters are bytes. */
  post(path: string, body: string, onAnswer: (answer: Answer) => void): void {
    this.#waiting = onAnswer;
    const text = `POST ${path} HTTP/1.1\r\n${this.#head}content-length: ${String(body.length)}\r\n\r\n${body}`;
    (this.#socket ??= this.#open()).write(text, 'latin1');
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #open(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
      this.#answer({ status: 0, body: '' });
    });
    return socket;
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, headEnd + 2))?.[1] ?? 0);
    if (this.#received.length < headEnd + 4 + length) return;
    this.#answer({ status: Number(this.#received.slice(9, 12)), body: this.#received.slice(headEnd + 4) });
  }

  #answer(answer: Answer): void {
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(answer);
  }
}
