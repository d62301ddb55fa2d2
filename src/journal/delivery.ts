import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchHandler, EventConsumer } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { CURSOR_MS, type JournalFolder } from './folder.ts';
import { type FolderBatch, readBatch } from './folder-reader.ts';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;
/** Lets a burst become one batch; well under the 20 ms in which a record shall be seen. */
const LINGER_MS = 8;

/** The journal as its consumers see it. */
export interface Deliverable {
  /** Folders that can be read, in the order in which they are delivered. */
  folders(): readonly JournalFolder[];
  /** It cannot be read now. */
  failed(folder: JournalFolder, error: unknown): void;
  /** Drops an adopted folder that has been delivered to its end. */
  finished(folder: JournalFolder): Promise<void>;
  committed(): void;
  /** Resolves at the next append, or when `signal` aborts. */
  nextAppend(signal: AbortSignal): Promise<void>;
  /** One consumer at a time reads, handles and commits; the others wait for their turn. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  lag(): number;
}

interface DeliveryOptions {
  readonly batchRecords: number;
  readonly logger: Logger;
}

/** Reads, hands over, moves the cursor, and begins again. */
export function startDelivery(
  journal: Deliverable,
  handler: BatchHandler,
  options: DeliveryOptions,
): EventConsumer {
  const stopping = new AbortController();
  const done = deliver(journal, handler, options, stopping.signal);
  return {
    lag: async () => journal.lag(),
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function deliver(
  journal: Deliverable,
  handler: BatchHandler,
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const delivered = await journal.inTurn(
        async () => !signal.aborted && (await deliverOne(journal, handler, options)),
      );
      failures = 0;
      // Behind by a whole batch: at once. Else a cycle per few records would cost more than the records.
      if (delivered && journal.lag() >= options.batchRecords) continue;
      const appended = journal.nextAppend(signal);
      // Others read the cursor too: what waits for delivery is looked for by it.
      if (await isQuiet(CURSOR_MS, appended)) await saveCursors(journal, options.logger);
      await appended;
      await pause(LINGER_MS, signal);
    } catch (error) {
      if (signal.aborted) break;
      const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      failures += 1;
      options.logger.warn({ error, delayMs, failures }, 'journal: a batch was not handled and comes again');
      await pause(delayMs, signal);
    }
  }
  await saveCursors(journal, options.logger);
}

/** True when it lasts `milliseconds` until the next append. */
async function isQuiet(milliseconds: number, appended: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, true);
  });
  try {
    return await Promise.race([appended.then(() => false), passed]);
  } finally {
    clearTimeout(timer);
  }
}

async function saveCursors(journal: Deliverable, logger: Logger): Promise<void> {
  await journal.inTurn(async () => {
    for (const folder of journal.folders()) await settle(folder, () => folder.saveCursor(), logger);
  });
}

/** False when there was nothing to deliver. */
async function deliverOne(
  journal: Deliverable,
  handler: BatchHandler,
  { batchRecords, logger }: DeliveryOptions,
): Promise<boolean> {
  const next = await nextBatch(journal, batchRecords);
  if (next === null) return false;
  await handler(next.batch.records, { isStale: () => false, heartbeat: async () => undefined });
  await settle(next.folder, () => next.folder.commit(next.batch.through), logger);
  journal.committed();
  return true;
}

interface NextBatch {
  readonly folder: JournalFolder;
  readonly batch: FolderBatch;
}

async function nextBatch(journal: Deliverable, limit: number): Promise<NextBatch | null> {
  for (const folder of journal.folders()) {
    try {
      const batch = await readBatch(folder, limit);
      if (batch !== null) return { folder, batch };
    } catch (error) {
      journal.failed(folder, error);
      continue;
    }
    await journal.finished(folder);
  }
  return null;
}

/** The effect is committed already: a cursor that cannot be saved costs repeats, so it must not fail the batch. */
async function settle(folder: JournalFolder, save: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await save();
  } catch (error) {
    logger.warn(
      { error, folder: folder.path },
      'journal: the cursor was not saved, a restart repeats records',
    );
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
