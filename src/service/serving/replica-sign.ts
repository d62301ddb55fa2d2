import type { ControlReader } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import { withDeadline } from './deadline.ts';

/** A replica that says nothing new still says that it lives; the store counts it as gone after some of these. */
const BEAT_MS = 10_000;

export interface ReplicaSignOptions {
  readonly control: Pick<ControlReader, 'confirm' | 'retire'>;
  readonly replicaId: string;
  readonly deadlineMs: number;
  /** Milliseconds, monotonic. */
  readonly stopwatch: () => number;
  readonly logger: Logger;
}

/** Tells the store which revision this replica has applied: when it changes, and now and then. */
export class ReplicaSign {
  readonly #options: ReplicaSignOptions;
  #told: { readonly revision: number; readonly at: number } | null = null;
  #applied = 0;
  /** One after the other: what is told last must stand. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: ReplicaSignOptions) {
    this.#options = options;
  }

  /** `revision` null: the one of before still holds; 0 where there was none, for it lives and is behind all. */
  tell(revision: number | null): void {
    const { control, replicaId, deadlineMs, stopwatch, logger } = this.#options;
    const applied = revision ?? this.#applied;
    this.#applied = applied;
    if (this.#told?.revision === applied && stopwatch() - this.#told.at < BEAT_MS) return;
    this.#told = { revision: applied, at: stopwatch() };
    this.#telling = this.#telling
      .then(() => withDeadline(control.confirm(replicaId, applied), deadlineMs, 'confirming the revision'))
      .catch((error: unknown) => {
        this.#told = null;
        logger.warn({ error }, 'the revision served could not be confirmed');
      });
  }

  /** Nobody waits for a replica that has stopped. */
  async retire(): Promise<void> {
    const { control, replicaId, deadlineMs } = this.#options;
    await this.#telling;
    if (this.#told === null) return;
    await withDeadline(control.retire(replicaId), deadlineMs, 'retiring the replica').catch(() => undefined);
  }
}
