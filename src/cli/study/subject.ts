import type { Progress } from '../progress.ts';

/** What one study answers: text for a terminal, markdown for the documentation, and one JSON value. */
export interface StudyOutcome {
  readonly text: string;
  readonly markdown: string;
  readonly json: unknown;
  readonly isProven: boolean;
}

export interface StudyFlags {
  readonly seeds: readonly number[];
  readonly seed: number;
  readonly repetitions: number | undefined;
  readonly units: number | null;
  readonly workers: number;
  readonly isShort: boolean;
  readonly isMainOnly: boolean;
  readonly keepIn: string | null;
  /** null: the study's own default. */
  readonly world: { readonly name: string; readonly raw: unknown } | null;
  readonly progress: Progress;
}

/** A row of `allot study`: what can be studied. */
export interface StudySubject {
  readonly name: string;
  readonly summary: string;
  /** Its parts, by name; all of them unless one is asked for. */
  readonly parts: readonly string[];
  /** Whether `--world` and `--seeds` mean something to it. */
  readonly isOnWorlds: boolean;
  run(part: string, flags: StudyFlags): Promise<StudyOutcome>;
}
