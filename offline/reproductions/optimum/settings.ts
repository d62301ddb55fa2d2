import type { LearningStudyRun } from '../study-run.ts';

/** What every training of the study shares. */
export interface OptimumSettings {
  /** Units of the log, one session each. */
  readonly units: number;
  readonly training: {
    readonly steps: number;
    readonly warmUpSteps: number;
    readonly stageOneSteps: number;
    readonly batchSize: number;
    /** τ of target networks: critics have to carry values through a whole session within these steps. */
    readonly polyak: number;
    readonly averaging: number;
    /** Validation rows on which costs are evaluated: all of them, because 4,096 leave an error of 6 % of the limit. */
    readonly evaluationRows: number;
    /** Actor updates between two looks at them. */
    readonly multiplierEvery: number;
    readonly network: {
      readonly hidden: readonly number[];
      readonly groupBlock: number;
    };
  };
  /**
   * By algorithm: temperatures (the optimum mixes in few states, the defaults are made for noisier worlds), and limits held
   * to evaluated cost plus one standard error, because a policy that is over its limit counts for nothing here.
   */
  readonly own: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * A cost above its limit by at most this share of it counts as feasible. About one standard error of a cost that a
 * training evaluates on its validation rows; the optimum that shares are taken of is given the same room.
 */
export const TOLERANCE = 0.05;

const own: OptimumSettings['own'] = {
  crr: { beta: 0.2 },
  cql: { entropyWeight: 0.1 },
  sac: { targetEntropyShare: 0.2 },
  'rcpo-dual': { entropyWeight: 0.08, costPessimism: 1 },
  'pid-lagrangian': { entropyWeight: 0.08, costPessimism: 1 },
};

const full: OptimumSettings = {
  units: 6_000,
  training: {
    steps: 800,
    warmUpSteps: 100,
    stageOneSteps: 150,
    batchSize: 256,
    polyak: 0.1,
    averaging: 0.01,
    evaluationRows: 20_000,
    multiplierEvery: 10,
    network: { hidden: [32], groupBlock: 0 },
  },
  own,
};

/** For the test suite: every piece runs, nothing is learned. */
const short: OptimumSettings = {
  units: 80,
  training: {
    steps: 4,
    warmUpSteps: 2,
    stageOneSteps: 2,
    batchSize: 64,
    polyak: 0.1,
    averaging: 0.01,
    evaluationRows: 20_000,
    multiplierEvery: 10,
    network: { hidden: [8], groupBlock: 0 },
  },
  own,
};

export function optimumSettings(run: Pick<LearningStudyRun, 'units' | 'isShort'>): OptimumSettings {
  const settings = run.isShort ? short : full;
  return run.units === null ? settings : { ...settings, units: run.units };
}
