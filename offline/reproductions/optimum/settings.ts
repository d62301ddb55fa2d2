import type { LearningStudyRun } from '../study-run.ts';

/** What every training of the study shares. */
export interface OptimumSettings {
  /** Units of the log, one session each; the behaviour policy is uniform over the actions. */
  readonly units: number;
  readonly training: {
    readonly steps: number;
    readonly warmUpSteps: number;
    readonly stageOneSteps: number;
    readonly batchSize: number;
    readonly network: {
      readonly hidden: readonly number[];
      readonly groupBlock: number;
    };
  };
  /** Temperatures by algorithm: the optimum mixes in few states, the defaults are made for noisier worlds. */
  readonly sharpness: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * A cost above its limit by at most this share of it counts as feasible. About one standard error of a cost that a
 * training evaluates on its validation rows; the optimum that shares are taken of is given the same room.
 */
export const TOLERANCE = 0.05;

const sharpness: OptimumSettings['sharpness'] = {
  crr: { beta: 0.2 },
};

const full: OptimumSettings = {
  units: 2_000,
  training: {
    steps: 400,
    warmUpSteps: 100,
    stageOneSteps: 200,
    batchSize: 256,
    network: { hidden: [32], groupBlock: 16 },
  },
  sharpness,
};

/** For the test suite: every piece runs, nothing is learned. */
const short: OptimumSettings = {
  units: 80,
  training: {
    steps: 4,
    warmUpSteps: 2,
    stageOneSteps: 2,
    batchSize: 64,
    network: { hidden: [8], groupBlock: 0 },
  },
  sharpness,
};

export function optimumSettings(run: Pick<LearningStudyRun, 'units' | 'isShort'>): OptimumSettings {
  const settings = run.isShort ? short : full;
  return run.units === null ? settings : { ...settings, units: run.units };
}
