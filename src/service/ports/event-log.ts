import type { LogEvent } from '../../core/feedback/events.ts';

/**
 * Where accepted events go first. Synchronous on purpose: a record is in the operating system's hands before the
 * answer leaves (it survives kill -9). Throws `journal_full` when it cannot take the record; then nothing was written.
 */
export interface EventJournal {
  append(event: LogEvent): void;
  /** All or nothing. `texts`: the events as JSON, one each, where the caller has made them already. */
  appendAll(events: readonly LogEvent[], texts?: readonly string[]): void;
  /** False while a record would be refused: the decide path then serves the safe action. */
  canAppend(): boolean;
  /** Resolves when everything appended so far is on the disk (`fdatasync`). */
  sync(): Promise<void>;
  /** For read-after-write of a decision that is not stored yet: recent records only. */
  findDecision(decisionId: string): LogEvent | undefined;
  depth(): { readonly records: number; readonly bytes: number; readonly oldestAgeMs: number };
}

/** At-least-once transport from the journal to ingest. Adapters: the journal itself, Kafka, memory. */
export interface EventLog {
  /** Resolves when the log holds all of them; a rejected call may still have landed (ingest deduplicates). */
  publish(records: readonly RawRecord[]): Promise<void>;
  /** Starts delivery; one consumer group, so several consumers share the work. */
  consume(handler: BatchHandler): Promise<EventConsumer>;
  close(): Promise<void>;
}

/** The record as it travels: an event's JSON bytes under the key that keeps a unit's events together. */
export interface RawRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Takes one batch; resolves after its effect is committed, then the position moves on. Rejects → the same
 * records come again. `isStale()` turns true when the batch no longer belongs to this consumer.
 */
export type BatchHandler = (
  records: readonly RawRecord[],
  batch: { isStale(): boolean; heartbeat(): Promise<void> },
) => Promise<void>;

export interface EventConsumer {
  /** Records not yet handled, where the log can tell. */
  lag(): Promise<number | null>;
  /** Finishes the batch in hand, then stops. */
  stop(): Promise<void>;
}
