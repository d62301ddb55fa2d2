import { join } from 'node:path';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';

/** What a reader could not read. Nothing is invented in its place, and the bytes are kept under `damaged/`. */
export interface JournalDamage {
  readonly kind: 'torn-tail' | 'damaged-segment';
  readonly segment: string;
  /** Byte range in the segment. */
  readonly from: number;
  readonly to: number;
  /** Sequences that are gone; null where it cannot be told (a torn tail: it was never acknowledged whole). */
  readonly missing: { readonly first: number; readonly last: number } | null;
}

const KEPT_REPORTS = 100;

export class DamageReports {
  readonly folder: string;
  readonly #logger: Logger;
  readonly #metrics: Pick<Metrics, 'journalDamage'>;
  readonly #reports: JournalDamage[] = [];

  constructor(directory: string, logger: Logger, metrics: Pick<Metrics, 'journalDamage'>) {
    this.folder = join(directory, DAMAGED_FOLDER);
    this.#logger = logger;
    this.#metrics = metrics;
  }

  report(damage: JournalDamage): void {
    this.#metrics.journalDamage(damage.kind);
    const fields = { ...damage, keptUnder: this.folder };
    // A torn tail is what every kill in the middle of a write leaves; damage elsewhere means a bad disk.
    if (damage.kind === 'torn-tail')
      this.#logger.warn(fields, 'journal: torn tail cut at the last good record');
    else this.#logger.error(fields, 'journal: damaged records skipped and set aside');
    this.#reports.push(damage);
    if (this.#reports.length > KEPT_REPORTS) this.#reports.shift();
  }

  /** The copy for a person could not be made: no reason to hold the records up. */
  notKept(segment: string, error: unknown): void {
    this.#logger.warn(
      { error, segment, folder: this.folder },
      'journal: a torn tail could not be kept aside',
    );
  }

  list(): readonly JournalDamage[] {
    return [...this.#reports];
  }
}

export const DAMAGED_FOLDER = 'damaged';
