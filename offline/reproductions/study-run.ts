import type { StudyTable } from './study-table.ts';

/** How a study is run; the same for every proof. */
export interface StudyRun {
  readonly repetitions?: number | undefined;
  /** The form of the test suite: quick, and with less to say. */
  readonly isShort: boolean;
  readonly workers: number;
  readonly seed: number;
  readonly progress: StudyProgress;
}

export interface StudyProgress {
  step(title: string, total?: number): void;
  advance(by?: number): void;
  done(): void;
}

/** How a learning study is run: the same for two-stage, multi-group, optimum, estimates and calibration. */
export interface LearningStudyRun {
  /** One run of every method per seed; seed k also draws the log of run k, so methods are compared within a seed. */
  readonly seeds: readonly number[];
  /** The world, as read from its file and not yet checked; null: the study's own default. */
  readonly world: StudyWorld | null;
  /** Units of the log that is learned from; null: the study's own default. */
  readonly units: number | null;
  /** Threads; the numbers do not depend on them. */
  readonly workers: number;
  /** The form of the test suite: quick, and with less to say. */
  readonly isShort: boolean;
  /** Leaves out what costs most: sweeps and ablations. */
  readonly isMainOnly?: boolean;
  /** File in which finished runs are kept, so that a study that was killed goes on; null: nowhere. */
  readonly keepIn?: string | null;
  readonly progress: StudyProgress;
}

export interface StudyWorld {
  /** What tables call it, for example the file's name. */
  readonly name: string;
  /** The parsed JSON; every study parses it itself (`config_invalid` names the fields). */
  readonly raw: unknown;
}

/** What a learning study answers: tables for people, and one JSON value with every number behind them. */
export interface LearningStudyAnswer {
  readonly tables: readonly StudyTable[];
  readonly result: Readonly<Record<string, unknown>>;
}

export type LearningStudy = (run: LearningStudyRun) => Promise<LearningStudyAnswer>;
