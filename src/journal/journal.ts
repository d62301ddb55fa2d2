import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AllotError } from '../core/errors.ts';
import type { LogEvent } from '../core/feedback/events.ts';
import type {
  BatchHandler,
  EventConsumer,
  EventJournal,
  EventLog,
  RawRecord,
} from '../service/ports/event-log.ts';
import { type Logger, silentLogger } from '../service/ports/logger.ts';
import { type Metrics, noMetrics } from '../service/ports/metrics.ts';
import { eventKey } from '../service/schemas/event-key.ts';
import { AdoptedFolders } from './adoption.ts';
import { DamageReports, type JournalDamage } from './damage.ts';
import { type Deliverable, startDelivery } from './delivery.ts';
import type { JournalFolder } from './folder.ts';
import { longAgo, moment, msBetween } from './moment.ts';
import { type Own, makeFolder, openOwnFolder } from './own-folder.ts';
import { LEASE_MS, OWNER_FILE, TOUCH_MS, isOwnedBy, touchOwner } from './owner.ts';
import { RecentDecisions } from './recent-decisions.ts';
import type { NewRecord } from './record.ts';

export interface JournalOptions {
  readonly directory: string;
  /** A segment is closed when it would grow beyond this. */
  readonly segmentBytes: number;
  /** Everything under this journal together, adopted folders included. */
  readonly maxBytes: number;
  readonly sync: 'group' | 'commit';
  readonly batchRecords?: number;
  readonly logger?: Logger;
  readonly metrics?: Pick<Metrics, 'journalDamage'>;
}

const BATCH_RECORDS = 1_000;
/** What `canAppend` assumes of a record until a larger one has been seen. */
const TYPICAL_RECORD_BYTES = 4_096;

/**
 * The journal of this process: it writes in a folder of its own under `directory`, and delivers from there and
 * from the folders of ended processes that it adopted (at the start, and every few seconds afterwards). Several
 * consumers share the work by taking turns.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  makeFolder(options.directory);
  return new Journal(options);
}

export class Journal implements EventJournal, EventLog, Deliverable {
  readonly #options: JournalOptions;
  readonly #logger: Logger;
  readonly #reports: DamageReports;
  readonly #recent = new RecentDecisions();
  readonly #consumers = new Set<EventConsumer>();
  readonly #timer: NodeJS.Timeout;
  #own: Own;
  readonly #adopted: AdoptedFolders;
  #largestRecord = TYPICAL_RECORD_BYTES;
  #wasRefused = false;
  #touchedAt = moment();
  #wake: (() => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#reports = new DamageReports(options.directory, this.#logger, options.metrics ?? noMetrics);
    this.#adopted = new AdoptedFolders(options.directory, this.#reports, this.#logger);
    this.#own = this.#openFolder();
    this.#adopt();
    this.#timer = setInterval(() => this.#keepUp(), TOUCH_MS).unref();
  }

  #openFolder(): Own {
    return openOwnFolder(this.#options.directory, this.#reports, { ...this.#options, logger: this.#logger });
  }

  #adopt(): void {
    this.#adopted.look(this.#own.folder.path);
    if (this.#adopted.all().length > 0) this.#notify();
  }

  #keepUp(): void {
    try {
      this.#ensureOwned();
      this.#adopt();
    } catch (error) {
      this.#logger.warn({ error }, 'journal: the folders of ended processes could not be looked through');
    }
  }

  /** After a long freeze another process may have taken our folder, with all it held: then a new one is begun. */
  #ensureOwned(): void {
    const { folder, token, writer } = this.#own;
    const now = moment();
    if (isOwnedBy(folder.path, token)) touchOwner(folder.path, now.wall);
    else {
      this.#logger.warn({ folder: folder.path }, 'journal: taken by another process, a new folder is begun');
      this.#touchedAt = longAgo; // until there is a new folder, every append tries for one
      this.#own = this.#openFolder();
      this.#adopted.clear();
      writer.close().catch((error: unknown) => this.#logger.warn({ error }, 'journal: the old folder'));
    }
    this.#touchedAt = now;
  }

  append(event: LogEvent): void {
    this.appendAll([event]);
  }

  appendAll(events: readonly LogEvent[], texts?: readonly string[]): void {
    const values = texts ?? events.map((event) => JSON.stringify(event));
    this.#appendRecords(events.map((event, i) => ({ key: eventKey(event), value: values[i] })));
    for (let i = 0; i < events.length; i += 1) {
      const event = events[i];
      if (event.kind === 'decision') this.#recent.add(event.decisionId, values[i]);
    }
  }

  #appendRecords(records: readonly NewRecord[]): void {
    if (records.length === 0) return;
    if (this.#isClosed) throw new AllotError('journal_full', 'the journal is closed');
    const began = moment();
    if (msBetween(this.#touchedAt, began) > LEASE_MS / 2) this.#ensureOwnedToAppend();
    const own = this.#own;
    const bytes = own.writer.encode(records, began.wall);
    this.#makeRoom(bytes.length);
    try {
      own.writer.write(bytes, records.length, began.wall);
    } catch (error) {
      this.#wasRefused = true;
      throw error;
    }
    if (msBetween(began, moment()) > LEASE_MS / 2) this.#appendAgain(records, own);
    this.#largestRecord = Math.max(this.#largestRecord, Math.ceil(bytes.length / records.length));
    this.#notify();
  }

  /**
   * Frozen in the middle of a write: who has taken the folder meanwhile may have read it to its end before this came. Where it
   * cannot be written again, it counts as written while the folder stands: whoever has it looks once more before it is removed,
   * and a decision that is logged must not be answered as one that is not.
   */
  #appendAgain(records: readonly NewRecord[], { folder, writer }: Own): void {
    try {
      this.#ensureOwnedToAppend();
      if (folder !== this.#own.folder) this.#appendRecords(records);
    } catch (error) {
      if (!writer.hasFile()) throw error;
      this.#logger.warn(
        { error, folder: folder.path },
        'journal: frozen in a write, and there is one copy of it',
      );
    }
  }

  /** What is written into a folder that another process has taken may be lost with it. */
  #ensureOwnedToAppend(): void {
    try {
      this.#ensureOwned();
    } catch (cause) {
      throw new AllotError('journal_full', 'the journal has no folder to write in', { cause });
    }
  }

  #makeRoom(bytes: number): void {
    if (this.#storedBytes() + bytes > this.#options.maxBytes) this.#reclaim();
    if (this.#storedBytes() + bytes <= this.#options.maxBytes) return;
    this.#wasRefused = true;
    throw new AllotError(
      'journal_full',
      `the journal holds its maximum of ${String(this.#options.maxBytes)} bytes`,
    );
  }

  /** A last segment that has been handled to its end is given back too when the room is needed. */
  #reclaim(): void {
    const { folder, writer } = this.#own;
    const last = folder.segments[folder.segments.length - 1];
    const isHandled = folder.position.segment === last && folder.position.offset >= last.bytes;
    if (!isHandled || last.bytes === 0 || folder.segments.length !== 1) return;
    try {
      writer.roll();
      folder.moveTo(folder.position);
      folder.segments.shift();
      rmSync(last.path, { force: true });
    } catch (error) {
      this.#logger.warn({ error, folder: folder.path }, 'journal: no room could be made');
    }
  }

  #storedBytes(): number {
    return this.#own.folder.storedBytes + this.#adopted.storedBytes;
  }

  canAppend(): boolean {
    if (this.#isClosed || this.#own.writer.isBlocked(Date.now())) return false;
    if (this.#storedBytes() + this.#largestRecord <= this.#options.maxBytes) return true;
    this.#reclaim();
    return this.#storedBytes() + this.#largestRecord <= this.#options.maxBytes;
  }

  async sync(): Promise<void> {
    await this.#own.writer.sync();
  }

  findDecision(decisionId: string): LogEvent | undefined {
    return this.#recent.find(decisionId);
  }

  depth(): { readonly records: number; readonly bytes: number; readonly oldestAgeMs: number } {
    // A folder that cannot be read yet holds one at least, for all we know: nobody shall take this journal for empty.
    let records = this.#adopted.unreadable;
    let bytes = 0;
    let oldest = Infinity;
    for (const folder of this.#all()) {
      records += folder.pendingRecords;
      bytes += folder.pendingBytes;
      oldest = Math.min(oldest, folder.oldestAppendedAt() ?? Infinity);
    }
    return { records, bytes, oldestAgeMs: oldest === Infinity ? 0 : Math.max(0, Date.now() - oldest) };
  }

  damages(): readonly JournalDamage[] {
    return this.#reports.list();
  }

  async publish(records: readonly RawRecord[]): Promise<void> {
    this.#appendRecords(records);
    await this.sync();
  }

  async consume(handler: BatchHandler): Promise<EventConsumer> {
    const batchRecords = this.#options.batchRecords ?? BATCH_RECORDS;
    const delivery = startDelivery(this, handler, { batchRecords, logger: this.#logger });
    const consumer: EventConsumer = {
      lag: () => delivery.lag(),
      stop: async () => {
        await delivery.stop();
        this.#consumers.delete(consumer);
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  folders(): readonly JournalFolder[] {
    return [...this.#adopted.readable(), this.#own.folder];
  }

  #all(): readonly JournalFolder[] {
    return [...this.#adopted.all(), this.#own.folder];
  }

  failed(folder: JournalFolder, error: unknown): void {
    if (folder === this.#own.folder) throw error;
    this.#adopted.failed(folder, error);
  }

  finished(folder: JournalFolder): Promise<void> {
    return this.#adopted.finished(folder);
  }

  committed(): void {
    if (this.#wasRefused) this.#reclaim();
    this.#wasRefused = false;
  }

  lag(): number {
    return this.#all().reduce((sum, folder) => sum + folder.pendingRecords, 0);
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  nextAppend(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.folders().some(({ pendingRecords }) => pendingRecords > 0))
      return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake.push(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #notify(): void {
    if (this.#wake.length === 0) return;
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** What was not delivered stays for the next process to adopt. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await this.#own.writer.close();
    for (const folder of this.#adopted.all()) if (folder.pendingRecords === 0) await this.finished(folder);
    const { folder } = this.#own;
    try {
      if (folder.pendingRecords === 0) return await folder.remove();
    } catch {
      // it still holds folders that it adopted
    }
    rmSync(join(folder.path, OWNER_FILE), { force: true });
  }
}
