import type { ControlState } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import type { ArtifactShelf } from './artifact-shelf.ts';
import { withDeadline } from './deadline.ts';

/** An artifact that could not be fetched is tried again after this long, not at every poll. */
const RETRY_MS = 5_000;

/** What has come is served after this long, though more is being fetched. */
const SERVE_EVERY_MS = 500;

export interface FetcherOptions {
  readonly shelf: ArtifactShelf;
  /** The newest state of the store. */
  readonly wanted: () => ControlState | null;
  /** Artifacts have come: the newest state can be served with more of them. */
  readonly onFetched: (state: ControlState) => void;
  /** All were tried. */
  readonly onQuiet: () => void;
  /** Milliseconds, monotonic. */
  readonly stopwatch: () => number;
  readonly logger: Logger;
}

/** Fetches the artifacts that the newest state wants, one after the other, beside the polls. Idle → fetching → idle. */
export class ArtifactFetcher {
  readonly #options: FetcherOptions;
  #running: Promise<void> | null = null;
  #endedAt = -Infinity;
  #isStopped = false;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  start(): void {
    const { logger, onQuiet, stopwatch } = this.#options;
    this.#running ??= this.#fetchMissing()
      .catch((error: unknown) => logger.warn({ error }, 'the control state could not be served'))
      .finally(() => {
        this.#running = null;
        this.#endedAt = stopwatch();
        onQuiet();
      });
  }

  startAgainInTime(): void {
    if (this.#options.stopwatch() - this.#endedAt >= RETRY_MS) this.start();
  }

  /** Until nothing is fetched any more, or for so long. */
  async wait(milliseconds: number): Promise<void> {
    if (this.#running === null) return;
    await withDeadline(this.#running, milliseconds, 'fetching').catch(() => undefined);
  }

  /** What still comes is not used. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Each once, for whatever state is the newest. */
  async #fetchMissing(): Promise<void> {
    const { shelf, wanted, onFetched, stopwatch } = this.#options;
    const tried = new Set<string>();
    let servedAt = stopwatch();
    let hasNew = false;
    const serve = (): void => {
      const newest = wanted();
      if (hasNew && newest !== null) onFetched(newest);
      hasNew = false;
      servedAt = stopwatch();
    };
    for (let state: ControlState | null = null; state !== wanted();) {
      state = wanted();
      if (state === null) break;
      for (const [hash, at] of shelf.missing(state)) {
        if (state !== wanted()) break;
        if (tried.has(hash)) continue;
        tried.add(hash);
        hasNew = (await shelf.fetch(hash, at)) || hasNew;
        if (this.#isStopped) return;
        if (stopwatch() - servedAt >= SERVE_EVERY_MS) serve();
      }
    }
    serve();
  }
}
