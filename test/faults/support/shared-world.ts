import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Closing } from '../scenario.ts';
import { type GivenWorld, startGivenWorld } from './world.ts';

/**
 * `allot start` on a given PostgreSQL for all scenarios that need nothing special: starting one costs more than most faults.
 * What a scenario has broken, the next one must not find: a scenario that fails takes the world with it.
 */
export class SharedWorld {
  readonly #killed: () => void;
  #started: {
    readonly folder: string;
    readonly closing: Closing[];
    readonly world: Promise<GivenWorld>;
  } | null = null;

  /** `killed` is told of every SIGKILL. */
  constructor(killed: () => void = () => undefined) {
    this.#killed = killed;
  }

  get(): Promise<GivenWorld> {
    if (this.#started === null) {
      const folder = mkdtempSync(join(tmpdir(), 'allot-fault-'));
      const closing: Closing[] = [];
      const world = startGivenWorld(
        { folder, defer: (close) => void closing.push(close), killed: this.#killed },
        { parts: ['allot'] },
      );
      this.#started = { folder, closing, world };
    }
    return this.#started.world;
  }

  async close(): Promise<void> {
    const started = this.#started;
    this.#started = null;
    if (started === null) return;
    await started.world.catch(() => undefined);
    for (const close of started.closing.reverse()) await close();
    rmSync(started.folder, { recursive: true, force: true });
  }
}
