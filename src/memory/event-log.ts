import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchHandler, EventConsumer, EventLog, RawRecord } from '../service/ports/event-log.ts';

const RETRY_MS = 10;

/** Event log of one process for tests: at-least-once like the real ones, gone with the process. */
export function createMemoryEventLog({ batchRecords = 100 } = {}): EventLog {
  return new MemoryEventLog(batchRecords);
}

class MemoryEventLog implements EventLog {
  readonly #batchRecords: number;
  readonly #consumers = new Set<EventConsumer>();
  #records: RawRecord[] = [];
  #waiting: (() => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(batchRecords: number) {
    this.#batchRecords = batchRecords;
  }

  async publish(records: readonly RawRecord[]): Promise<void> {
    this.#records.push(...records.map(({ key, value }) => ({ key, value: Uint8Array.from(value) })));
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async consume(handler: BatchHandler): Promise<EventConsumer> {
    let isStopping = false;
    const run = async (): Promise<void> => {
      while (!isStopping) {
        if (this.#records.length === 0) await new Promise<void>((wake) => this.#waiting.push(wake));
        this.#turn = this.#turn.then(async () => isStopping || (await this.#deliver(handler)));
        await this.#turn;
      }
    };
    const done = run();
    const consumer: EventConsumer = {
      lag: async () => this.#records.length,
      stop: async () => {
        isStopping = true;
        this.#wakeAll();
        await done;
        this.#consumers.delete(consumer);
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  async #deliver(handler: BatchHandler): Promise<void> {
    const batch = this.#records.slice(0, this.#batchRecords);
    if (batch.length === 0) return;
    try {
      await handler(batch, { isStale: () => false, heartbeat: async () => undefined });
      this.#records = this.#records.slice(batch.length);
    } catch {
      await sleep(RETRY_MS);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
  }
}
