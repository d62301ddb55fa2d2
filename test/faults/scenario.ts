import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopLoads } from './support/load.ts';
import type { SharedWorld } from './support/shared-world.ts';
import type { GivenWorld } from './support/world.ts';
import { createRandom, type Random } from '../../src/core/math/random.ts';

/** One row of the table: what a fault did to what clients had been promised. */
export interface FaultOutcome {
  readonly fault: string;
  readonly accepted: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly missing: number;
  /** Lost as documented (cut off by the power cut, destroyed on the disk), and reported as such by the service. */
  readonly reportedLost?: number;
  /** From the fault (a kill) or its end (an outage) to the next acknowledged decision; the longest of several. */
  readonly backAfterMs: number | null;
  /** From the end of the fault until everything accepted by then was stored. */
  readonly caughtUpMs: number | null;
  readonly refused: number;
  readonly unlogged: number;
  /** Anything else that should have held and did not. */
  readonly broken: readonly string[];
  readonly note?: string;
}

export type Closing = () => Promise<unknown> | void;

export interface FaultContext {
  readonly random: Random;
  /** How often a scenario of kills kills. */
  readonly kills: number;
  readonly isShort: boolean;
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** Called in reverse order when the scenario has ended, however it ended. */
  defer(close: Closing): void;
  /** Counts a SIGKILL for the totals; those of `Part.kill` are counted already. */
  killed(): void;
  /** `allot start` on a given PostgreSQL, as other scenarios use it too: to be left as it was found. */
  world(): Promise<GivenWorld>;
}

export interface Scenario {
  readonly name: string;
  /** Part of `--short`. */
  readonly isShort: boolean;
  /** Why it cannot run here, or null. */
  readonly unmet?: () => string | null;
  readonly run: (context: FaultContext) => Promise<FaultOutcome | readonly FaultOutcome[]>;
}

export interface RunOptions {
  readonly seed: number;
  readonly kills: number;
  readonly isShort: boolean;
  readonly shared: SharedWorld;
  readonly onKill?: () => void;
  /** Ends the scenario early: what it started is stopped and removed, and the run rejects. */
  readonly signal?: AbortSignal;
}

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<readonly FaultOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), `allot-fault-`));
  const closing: Closing[] = [];
  const random = createRandom(options.seed).fork(scenario.name);
  const { kills, isShort, shared, signal, onKill: killed = () => undefined } = options;
  const interruption = rejectionOf(signal);
  try {
    const defer = (close: Closing): void => void closing.push(close);
    const world = (): Promise<GivenWorld> => shared.get();
    const rows = scenario.run({ random, kills, isShort, folder, defer, killed, world });
    return [await Promise.race([rows, interruption.rejection])].flat();
  } finally {
    interruption.forget();
    await stopLoads();
    for (const close of closing.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rejectionOf(signal: AbortSignal | undefined): { rejection: Promise<never>; forget: () => void } {
  let interrupt: () => void = () => undefined;
  const rejection = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Error('interrupted'));
    signal?.addEventListener('abort', interrupt);
  });
  return { rejection, forget: () => signal?.removeEventListener('abort', interrupt) };
}

/** True when nothing was lost, doubled or otherwise broken. */
export const isKept = ({ missing, duplicates, broken }: FaultOutcome): boolean =>
  missing === 0 && duplicates === 0 && broken.length === 0;
