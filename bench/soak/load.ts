import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type Answer } from './connection.ts';
import { decisionBody } from './feed-case.ts';
import { Feedback } from './feedback.ts';

export interface LoadOptions {
  readonly url: string;
  readonly key: string;
  readonly connections: number;
}

/** What happened since the last `take()`. */
export interface LoadTaken {
  /** Ascending, ms, from the moment each request was due. */
  readonly latencies: Float64Array;
  /** Ascending, ms, from the moment it was written to its connection: what the service took. */
  readonly serviceTimes: Float64Array;
  /** Answers that are not 2xx, and broken connections. */
  readonly refused: number;
  readonly feedback: { readonly exposures: number; readonly interactions: number; readonly refused: number };
}

/**
 * Decisions at a rate (open loop: a request is due at its time whether or not earlier ones were answered, and its latency
 * counts from then), or as fast as the connections allow (closed loop); their feedback follows in batches.
 */
export class Load {
  readonly feedback: Feedback;
  readonly #connections: Connection[];
  #idle: Connection[];
  #latencies: number[] = [];
  #serviceTimes: number[] = [];
  #refused = 0;
  #made = 0;
  answered = 0;

  constructor({ url, key, connections }: LoadOptions) {
    this.#connections = Array.from({ length: connections }, () => new Connection(url, key));
    this.#idle = [...this.#connections];
    this.feedback = new Feedback(new Connection(url, key));
  }

  /** Sends for so long; resolves when the last answer is there. `perSecond` null: closed loop. */
  async run(milliseconds: number, perSecond: number | null): Promise<void> {
    const startedAt = performance.now();
    const isOver = (): boolean => performance.now() - startedAt >= milliseconds;
    if (perSecond === null) await this.#flatOut(isOver);
    else await this.#steadily(startedAt, milliseconds, perSecond);
    while (this.#idle.length < this.#connections.length) await sleep(5);
  }

  async #flatOut(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      while (this.#idle.length > 0) this.#send(performance.now());
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** What was due and found no connection in time is sent late, with the latency that this makes. */
  async #steadily(startedAt: number, milliseconds: number, perSecond: number): Promise<void> {
    const total = Math.floor((milliseconds / 1_000) * perSecond);
    for (let sent = 0; sent < total; await sleep(1)) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond));
      for (; sent < due && this.#idle.length > 0; sent += 1)
        this.#send(startedAt + (sent * 1_000) / perSecond);
    }
  }

  #send(dueAt: number): void {
    const connection = this.#idle.pop();
    if (connection === undefined) return;
    this.#made += 1;
    const body = decisionBody(this.#made);
    const sentAt = performance.now();
    connection.post('/v1/decisions', body, (answer) => {
      const now = performance.now();
      this.#idle.push(connection);
      this.#take(answer, now - dueAt, now - sentAt);
    });
  }

  #take({ status, body }: Answer, latencyMs: number, serviceMs: number): void {
    if (status < 200 || status > 299) {
      this.#refused += 1;
      return;
    }
    this.answered += 1;
    this.#latencies.push(latencyMs);
    this.#serviceTimes.push(serviceMs);
    this.feedback.follow(body);
  }

  take(): LoadTaken {
    const taken = {
      latencies: Float64Array.from(this.#latencies).sort(),
      serviceTimes: Float64Array.from(this.#serviceTimes).sort(),
      refused: this.#refused,
      feedback: this.feedback.take(),
    };
    this.#latencies = [];
    this.#serviceTimes = [];
    this.#refused = 0;
    return taken;
  }

  async close(): Promise<void> {
    await this.feedback.close();
    for (const connection of this.#connections) connection.close();
  }
}
