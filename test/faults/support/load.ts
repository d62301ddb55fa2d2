import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { AllotClient } from '../../../src/client/client.ts';
import { AcknowledgedFile, drive, newTally } from '../../support/acknowledged.ts';
import { expectedOf, untilStored } from '../../support/stored-events.ts';
import type { FaultOutcome } from '../scenario.ts';

const STORE_WITHIN_MS = 90_000;
const ANSWER_WITHIN_MS = 60_000;

let loads = 0;
const running = new Set<Load>();

/** For a scenario that failed and left its clients calling. */
export async function stopLoads(): Promise<void> {
  await Promise.all([...running].map((load) => load.stop()));
}

export interface OutcomeNotes {
  readonly note?: string;
  /** Ids whose only copy the fault itself destroyed. */
  readonly excused?: ReadonlySet<string>;
}

/** Clients that decide and send feedback while a fault is done, and the file of what was acknowledged. */
export class Load {
  readonly file: AcknowledgedFile;
  readonly tally = newTally();
  readonly #workers: Promise<void>[];
  readonly #broken: string[] = [];
  #isStopped = false;
  #backAfterMs: number | null = null;
  #caughtUpMs: number | null = null;

  constructor(folder: string, client: () => AllotClient, { workers = 4, pauseMs = 5 } = {}) {
    loads += 1;
    running.add(this);
    this.file = new AcknowledgedFile(join(folder, `acknowledged-${String(loads)}.jsonl`));
    this.#workers = Array.from({ length: workers }, (_, n) =>
      drive(client, this.file, {
        worker: `l${String(loads)}w${String(n)}`,
        isStopped: () => this.#isStopped,
        tally: this.tally,
        pauseMs,
      }),
    );
  }

  /** Waits for the next acknowledged decision and notes how long it took since `from`. */
  async untilAnswered(from: number): Promise<void> {
    while (this.tally.lastAnswerAt <= from) {
      if (Date.now() - from > ANSWER_WITHIN_MS) {
        this.broken(`no decision within ${String(ANSWER_WITHIN_MS)} ms`);
        return;
      }
      await sleep(2);
    }
    this.#backAfterMs = Math.max(this.#backAfterMs ?? 0, this.tally.lastAnswerAt - from);
  }

  /** Waits until everything accepted by now is stored, and notes how long it took since `from`. */
  async untilCaughtUp(pool: pg.Pool, from: number): Promise<void> {
    await untilStored(pool, this.file.lines().map(expectedOf), STORE_WITHIN_MS);
    this.#caughtUpMs = Math.max(this.#caughtUpMs ?? 0, Date.now() - from);
  }

  broken(rule: string): void {
    this.#broken.push(rule);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#workers);
    running.delete(this);
  }

  /** Ends the load and compares every acknowledged event with what is stored; `excused` are known to be destroyed. */
  async outcome(fault: string, pool: pg.Pool, { note, excused }: OutcomeNotes = {}): Promise<FaultOutcome> {
    await this.stop();
    const all = this.file.lines().map(expectedOf);
    const expected = all.filter(({ id }) => excused?.has(id) !== true);
    const found = await untilStored(pool, expected, STORE_WITHIN_MS);
    const lost = all.length - expected.length;
    if (found.accepted === 0) this.broken('nothing was accepted');
    if (found.differing.length > 0) this.broken(`stored otherwise than acknowledged: ${found.differing[0]}`);
    if (found.missing.length > 0) this.broken(`first missing: ${found.missing[0]}`);
    return {
      fault,
      accepted: all.length,
      stored: found.stored,
      duplicates: found.doubled.length,
      missing: found.missing.length,
      reportedLost: lost,
      backAfterMs: this.#backAfterMs,
      caughtUpMs: this.#caughtUpMs,
      refused: this.tally.refused,
      unlogged: this.tally.unlogged,
      broken: this.#broken,
      ...(note === undefined ? {} : { note }),
    };
  }
}
