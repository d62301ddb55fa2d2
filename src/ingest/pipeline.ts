import { setTimeout as sleep } from 'node:timers/promises';
import { AllotError } from '../core/errors.ts';
import { timeOfDecisionId } from '../core/feedback/decision-id.ts';
import type { LogEvent } from '../core/feedback/events.ts';
import type { BatchHandler, EventConsumer, EventLog, RawRecord } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { EventKind, Metrics } from '../service/ports/metrics.ts';
import type { EventStore, WriteCounts } from '../service/ports/stores.ts';
import {
  type NewDeadLetter,
  type ParsedRecord,
  deadLetter,
  isRefusedData,
  named,
  parseBatch,
  writeAround,
} from './poison.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
const LAG_EVERY_MS = 2_000;
/** Rows of one transaction: more of them make none of them cheaper. */
const PART_RECORDS = 1_000;
/** While PostgreSQL writes one part, the next is validated; a third would only queue behind them. */
const PARTS_AT_ONCE = 2;

type IngestMetrics = Pick<
  Metrics,
  'eventsIngested' | 'deadLettered' | 'consumerLag' | 'ingestBatch' | 'joinDelay'
>;

export interface IngestOptions {
  readonly log: EventLog;
  readonly store: EventStore;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  readonly lagEveryMs?: number;
}

/**
 * Event log → validate → one transaction → position moves on. A record that breaks the grammar, or that the store
 * refuses for its data, becomes a dead letter; an outage of the store is waited out, for as long as it takes,
 * with the batch in hand. Nothing is lost or skipped, and repeats have no effect in the store.
 */
export async function startIngest(options: IngestOptions): Promise<EventConsumer> {
  const { log, metrics, logger, lagEveryMs = LAG_EVERY_MS } = options;
  const stopping = new AbortController();
  const consumer = await log.consume(createBatchWriter(options, stopping.signal));
  const stopLag = reportLag(consumer, metrics, logger, lagEveryMs);
  return {
    lag: () => consumer.lag(),
    stop: async () => {
      stopLag();
      stopping.abort();
      await consumer.stop();
    },
  };
}

/** What ingest does with a batch, from wherever it comes. `stopping` ends the wait for a store that is away. */
export function createBatchWriter(
  { store, metrics, logger }: Omit<IngestOptions, 'log'>,
  stopping: AbortSignal,
): BatchHandler {
  const writer = new BatchWriter(store, metrics, logger, stopping);
  return (records, batch) => writer.handle(records, batch);
}

/** Until the function that is returned is called. A question that has no answer yet is not asked again. */
function reportLag(
  consumer: EventConsumer,
  metrics: IngestMetrics,
  logger: Logger,
  everyMs: number,
): () => void {
  let isAsking = false;
  const ask = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      const lag = await consumer.lag();
      if (lag !== null) metrics.consumerLag(lag);
    } catch (error) {
      logger.debug({ error }, 'ingest: the lag cannot be told now');
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void ask(), everyMs).unref();
  return () => clearInterval(timer);
}

type Batch = { isStale(): boolean; heartbeat(): Promise<void> };

class BatchWriter {
  readonly #store: EventStore;
  readonly #metrics: IngestMetrics;
  readonly #logger: Logger;
  readonly #stopping: AbortSignal;

  constructor(store: EventStore, metrics: IngestMetrics, logger: Logger, stopping: AbortSignal) {
    this.#store = store;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#stopping = stopping;
  }

  /** Each part is one transaction. When one fails the whole batch comes again, which repeats the others without effect. */
  async handle(records: readonly RawRecord[], batch: Batch): Promise<void> {
    const startedAt = Date.now();
    const parts = evenParts(records, PART_RECORDS);
    const worker = async (): Promise<void> => {
      for (let part = parts.shift(); part !== undefined; part = parts.shift())
        await this.#handlePart(part, startedAt, batch);
    };
    const workers = Array.from({ length: PARTS_AT_ONCE }, worker);
    // A batch must not come again, or be given to another consumer, while a part of it is still being written.
    const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    this.#metrics.ingestBatch(records.length, Date.now() - startedAt);
  }

  async #handlePart(records: readonly RawRecord[], startedAt: number, batch: Batch): Promise<void> {
    const { parsed, deadLetters } = parseBatch(records, startedAt);
    try {
      const events = parsed.map(({ event }) => event);
      await this.#write(events, deadLetters, batch);
    } catch (error) {
      if (!isRefusedData(error)) throw error;
      await this.#writeWithoutPoison(parsed, deadLetters, error, batch);
    }
    this.#countDeadLetters('grammar', deadLetters);
    this.#observeJoinDelays(parsed);
  }

  async #writeWithoutPoison(
    parsed: readonly ParsedRecord[],
    deadLetters: readonly NewDeadLetter[],
    refusal: unknown,
    batch: Batch,
  ): Promise<void> {
    const write = (events: readonly LogEvent[]): Promise<void> => this.#write(events, [], batch);
    // Without events, the refusal was about the dead letters themselves: nothing to halve, so it comes again.
    if (parsed.length === 0) throw refusal;
    const poison = await writeAround(parsed, refusal, write);
    const refused = poison.map(({ record, error }) => deadLetter(record, error, Date.now()));
    await this.#write([], [...deadLetters, ...refused], batch);
    this.#countDeadLetters('data', refused);
  }

  /** One transaction, tried until the store answers. */
  async #write(
    events: readonly LogEvent[],
    deadLetters: readonly NewDeadLetter[],
    batch: Batch,
  ): Promise<void> {
    if (events.length + deadLetters.length === 0) return;
    let written: WriteCounts;
    for (let failures = 0; ; failures += 1) {
      if (batch.isStale())
        throw new AllotError('state_conflict', 'the batch belongs to another consumer now');
      try {
        written = await this.#store.write({ events, deadLetters });
        break;
      } catch (thrown) {
        const error = named(thrown);
        if (isRefusedData(error) || this.#stopping.aborted) throw error;
        await this.#waitOut(error, failures, batch);
      }
    }
    this.#count(written);
    await batch.heartbeat();
  }

  /** Heartbeats while it waits: a consumer that is silent for an outage would lose its partitions. */
  async #waitOut(error: unknown, failures: number, batch: Batch): Promise<void> {
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    // An outage ends by itself; anything else is a bug or a setting that a person must look at.
    const isOutage = error instanceof AllotError && error.code === 'store_unavailable';
    this.#logger[isOutage ? 'warn' : 'error'](
      { error, delayMs, failures: failures + 1 },
      'ingest: the store did not take the batch, it is tried again',
    );
    for (let left = delayMs; left > 0 && !this.#stopping.aborted; left -= 1_000) {
      await sleep(Math.min(left, 1_000), undefined, { signal: this.#stopping }).catch(() => undefined);
      await batch.heartbeat();
    }
    if (this.#stopping.aborted) throw error;
  }

  #count(counts: WriteCounts): void {
    for (const [plural, kind] of kinds) {
      if (counts.inserted[plural] > 0) this.#metrics.eventsIngested(kind, 'stored', counts.inserted[plural]);
      if (counts.duplicates[plural] > 0)
        this.#metrics.eventsIngested(kind, 'duplicate', counts.duplicates[plural]);
      const forgotten = counts.forgotten?.[plural] ?? 0;
      if (forgotten > 0) this.#metrics.eventsIngested(kind, 'forgotten', forgotten);
      const tooLate = counts.tooLate?.[plural] ?? 0;
      if (tooLate > 0) this.#metrics.eventsIngested(kind, 'too-late', tooLate);
    }
  }

  #observeJoinDelays(parsed: readonly ParsedRecord[]): void {
    for (const { event } of parsed) {
      if (event.kind === 'decision') continue;
      const decidedAt = decisionTime(event.decisionId);
      if (decidedAt === null) continue;
      this.#metrics.joinDelay(event.kind, Math.max(0, event.receivedAt - decidedAt));
    }
  }

  /** `reason`: `grammar` when no version can read the record, `data` when the store refuses what it says. */
  #countDeadLetters(reason: 'grammar' | 'data', letters: readonly NewDeadLetter[]): void {
    if (letters.length === 0) return;
    this.#metrics.deadLettered(reason, letters.length);
    const examples = [...new Set(letters.map((letter) => letter.reason))].slice(0, 3);
    this.#logger.warn(
      { reason, count: letters.length, examples },
      'ingest: records set aside as dead letters',
    );
  }
}

/** In order, as few as there can be of at most `limit`, of one length but for a record. */
function evenParts(records: readonly RawRecord[], limit: number): (readonly RawRecord[])[] {
  const count = Math.ceil(records.length / limit);
  const at = (n: number): number => Math.floor((n * records.length) / count);
  return Array.from({ length: count }, (_, n) => records.slice(at(n), at(n + 1)));
}

/** null for an id that the store has set aside as poison. */
function decisionTime(decisionId: string): number | null {
  try {
    return timeOfDecisionId(decisionId);
  } catch {
    return null;
  }
}

const kinds = [
  ['decisions', 'decision'],
  ['exposures', 'exposure'],
  ['interactions', 'interaction'],
] as const satisfies readonly (readonly [keyof WriteCounts['inserted'], EventKind])[];
