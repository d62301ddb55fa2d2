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
