import { setTimeout as sleep } from 'node:timers/promises';
import type { EachBatchPayload } from 'kafkajs';
import type { BatchHandler, RawRecord } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';

/** Work per step is bounded: a slow batch stalls every other partition of its broker. */
const CHUNK_RECORDS = 4_000;
const HEARTBEAT_MS = 1_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

export interface BatchContext {
  readonly handler: BatchHandler;
  readonly logger: Logger;
  readonly group: GroupState;
  /** True once the consumer shall stop: nothing new is begun. */
  isStopping(): boolean;
}

/** What a broker answers a member that is no longer in its group, or must join again. */
const OUT_OF_GROUP: readonly unknown[] = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

/**
 * Whether the member is still in its group, as far as it knows. The client hands over the other batches of a fetch after one
 * of them was given up for this reason: nothing of them may be begun, or two members would work at the same records.
 */
export class GroupState {
  #error: unknown = null;

  /** Joined again. */
  clear(): void {
    this.#error = null;
  }

  note(error: unknown): void {
    if (OUT_OF_GROUP.includes((error as { type?: unknown }).type)) this.#error ??= error;
  }

  get isOut(): boolean {
    return this.#error !== null;
  }

  /** The client must hear its own error to join again. */
  throwIfOut(): void {
    if (this.#error !== null) throw this.#error as Error;
  }
}

/**
 * One fetched batch in chunks: handle, then commit the offset, then the next. A rejected chunk is tried again
 * here, with heartbeats, because an error thrown at the client would be retried or end the consumer by rules that
 * nobody should depend on. What a stale or stopping consumer leaves is fetched again by whoever owns the partition.
 */
export async function handleBatch(payload: EachBatchPayload, context: BatchContext): Promise<void> {
  const { topic, partition, messages } = payload.batch;
  for (let from = 0; from < messages.length; from += CHUNK_RECORDS) {
    const chunk = messages.slice(from, from + CHUNK_RECORDS);
    const records = chunk.map(({ key, value }) => ({
      key: key?.toString() ?? '',
      value: value ?? new Uint8Array(),
    }));
    context.group.throwIfOut();
    if (isOver(payload, context) || !(await handleChunk(records, payload, context))) return;
    const { offset } = chunk[chunk.length - 1];
    // The last record of a transaction is its marker, which nobody is given: without it the lag would never be 0.
    const isLast = from + CHUNK_RECORDS >= messages.length;
    const next = offsetAfter(isLast ? payload.batch.lastOffset() : offset);
    // By this call the error of the group arrives as it is; a member that is out may still commit until the others have joined.
    await payload.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: next }] }],
    });
    payload.resolveOffset(offset);
    await payload.heartbeat();
  }
}

export const offsetAfter = (offset: string): string => String(BigInt(offset) + 1n);

const isStale = ({ isStale, isRunning }: EachBatchPayload, { group }: BatchContext): boolean =>
  isStale() || !isRunning() || group.isOut;
const isOver = (payload: EachBatchPayload, context: BatchContext): boolean =>
  context.isStopping() || isStale(payload, context);

/** True once the handler has resolved; false when the batch has to be given up first. */
async function handleChunk(
  records: readonly RawRecord[],
  payload: EachBatchPayload,
  context: BatchContext,
): Promise<boolean> {
  const pulse = startPulse(payload, context.group);
  try {
    for (let failures = 0; ; failures += 1) {
      try {
        await context.handler(records, {
          isStale: () => isStale(payload, context),
          heartbeat: pulse.beat,
        });
        return true;
      } catch (error) {
        // Any of its errors: it is the client that looks for another coordinator, or joins again.
        if (pulse.error() !== null) throw pulse.error();
        if (isOver(payload, context)) return false;
        const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
        context.logger.warn(
          { error, delayMs, failures: failures + 1 },
          'kafka: a batch was not handled and comes again',
        );
        for (let left = delayMs; left > 0 && !isOver(payload, context); left -= 100)
          await sleep(Math.min(left, 100));
        if (isOver(payload, context)) return false;
      }
    }
  } finally {
    pulse.stop();
  }
}

interface Pulse {
  beat(): Promise<void>;
  /** Of the last heartbeat that failed. */
  error(): unknown;
  stop(): void;
}

/** Heartbeats while the handler waits for its database, which may be longer than the session lasts. */
function startPulse(payload: EachBatchPayload, group: GroupState): Pulse {
  let failure: unknown = null;
  const beat = async (): Promise<void> => {
    try {
      await payload.heartbeat();
    } catch (error) {
      failure = error;
      group.note(error);
      throw error;
    }
  };
  const timer = setInterval(() => void beat().catch(() => undefined), HEARTBEAT_MS);
  return { beat, error: () => failure, stop: () => clearInterval(timer) };
}
