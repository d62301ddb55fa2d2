import type { LearningStudyRun } from '../../../offline/reproductions/study-run.ts';

/** The form of the test suite, in this process. */
export const quietRun: LearningStudyRun = {
  seeds: [1, 2],
  world: null,
  units: null,
  workers: 1,
  isShort: true,
  progress: { step: () => undefined, advance: () => undefined, done: () => undefined },
};
