import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { AllotConfig } from '../config/config.ts';
import { sibling, startThread } from '../runtime/start-host.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import { applyCall, type RemoteCall } from './remote-port.ts';

/** What the thread is started with. */
export interface ControllerThreadData {
  readonly config: AllotConfig;
  readonly databaseUrl: string;
  readonly lookIntervalMs: number;
  readonly jobsAtOnce: number;
}

export interface ControllerThreadOptions extends ControllerThreadData {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What runs in the thread. Default: the controller. */
  readonly module?: string;
}

export type ToController = { readonly kind: 'begin' | 'stop' };
export type FromController =
  | { readonly kind: 'running' }
  | { readonly kind: 'call'; readonly port: 'logger' | 'metrics'; readonly call: RemoteCall };

const FIRST_WAIT_MS = 200;
const LAST_WAIT_MS = 30_000;
/** A thread that has lived so long was not broken from the start. */
const GOOD_MS = 60_000;
/** Then it is ended whatever it does; its jobs go back to the queue when their process has gone. */
const STOP_MS = 7_000;

/**
 * The controller in a thread of its own: what it adds up stops no decision. States: loading → (`begin`: the schema is there) →
 * running → stopped. It has its own connections; what it logs and counts is done here, so there is one log and one registry.
 * A thread that ends by itself is told at `error` and started again.
 */
export class ControllerThread {
  readonly #options: ControllerThreadOptions;
  #worker: Worker;
  #ended: Promise<void> = Promise.resolve();
  #isBegun = false;
  readonly #stopping = new AbortController();
  #waitMs = FIRST_WAIT_MS;
  readonly #running: Promise<void>;
  #onRunning: () => void = () => undefined;

  /** Loads its modules meanwhile and waits for `begin`. */
  constructor(options: ControllerThreadOptions) {
    this.#options = options;
    const { signal } = this.#stopping;
    this.#running = new Promise((resolve, reject) => {
      this.#onRunning = resolve;
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    this.#running.catch(() => undefined);
    this.#worker = this.#start();
  }

  /** Resolves when it runs for the first time; rejects when it is stopped before. */
  begin(): Promise<void> {
    this.#isBegun = true;
    this.#send({ kind: 'begin' });
    return this.#running;
  }

  /** Its work is interrupted, its leadership given up, its connections closed. */
  async stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort();
      this.#send({ kind: 'stop' });
    }
    await Promise.race([this.#ended, sleep(STOP_MS, undefined, { ref: false })]);
    await this.#worker.terminate();
  }

  #start(): Worker {
    const { config, databaseUrl, lookIntervalMs, jobsAtOnce, module } = this.#options;
    const data: ControllerThreadData = { config, databaseUrl, lookIntervalMs, jobsAtOnce };
    const worker = startThread(module ?? sibling(import.meta.url, '../controller/thread/main'), data);
    const startedAt = performance.now();
    let error: unknown;
    worker.on('message', (message: FromController) => this.#hear(message));
    worker.on('error', (thrown) => (error = thrown));
    this.#ended = new Promise((resolve) => {
      worker.on('exit', (code) => {
        resolve();
        this.#onEnd({ code, error }, performance.now() - startedAt);
      });
    });
    return worker;
  }

  #send(message: ToController): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromController): void {
    if (message.kind === 'running') return this.#onRunning();
    try {
      applyCall(this.#options[message.port], message.call);
    } catch (error) {
      this.#options.logger.warn({ error, method: message.call.method }, 'a word of the controller was lost');
    }
  }

  #onEnd(why: { readonly code: number; readonly error: unknown }, livedMs: number): void {
    const { logger, metrics } = this.#options;
    if (this.#stopping.signal.aborted) return;
    metrics.isLeader(false);
    logger.error({ ...why, waitMs: this.#waitMs }, 'the thread of the controller ended; it is started again');
    if (livedMs >= GOOD_MS) this.#waitMs = FIRST_WAIT_MS;
    setTimeout(() => this.#startAgain(), this.#waitMs).unref();
    this.#waitMs = Math.min(LAST_WAIT_MS, this.#waitMs * 2);
  }

  #startAgain(): void {
    if (this.#stopping.signal.aborted) return;
    this.#worker = this.#start();
    if (this.#isBegun) this.#send({ kind: 'begin' });
  }
}
