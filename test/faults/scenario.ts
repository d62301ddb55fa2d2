import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

export interface FaultContext {
  readonly random: Random;
  /** How often a scenario of kills kills. */
  readonly kills: number;
  readonly isShort: boolean;
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** Called in reverse order when the scenario has ended, however it ended. */
  defer(close: () => Promise<unknown> | void): void;
}

export interface Scenario {
  readonly name: string;
  /** Part of `--short`. */
  readonly isShort: boolean;
  /** Why it cannot run here, or null. */
  readonly unmet?: () => string | null;
  readonly run: (context: FaultContext) => Promise<FaultOutcome | readonly FaultOutcome[]>;
}

export async function runScenario(
  scenario: Scenario,
  options: { readonly seed: number; readonly kills: number; readonly isShort: boolean },
): Promise<readonly FaultOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), `allot-fault-`));
  const closing: (() => Promise<unknown> | void)[] = [];
  const random = createRandom(options.seed).fork(scenario.name);
  const { kills, isShort } = options;
  try {
    const rows = await scenario.run({
      random,
      kills,
      isShort,
      folder,
      defer: (close) => void closing.push(close),
    });
    return [rows].flat();
  } finally {
    for (const close of closing.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** True when nothing was lost, doubled or otherwise broken. */
export const isKept = ({ missing, duplicates, broken }: FaultOutcome): boolean =>
  missing === 0 && duplicates === 0 && broken.length === 0;
