/** The one configuration that every learned method of a study shares; what is a method's own stands with it. */
export interface StudySettings {
  /** Units of the log; 70 % of them train, 10 % validate, 20 % are kept for the estimates. */
  readonly units: number;
  /** Units behind every true value. */
  readonly truthUnits: number;
  /** Resamples of the evaluation's intervals. */
  readonly resamples: number;
  readonly training: {
    readonly steps: number;
    readonly batchSize: number;
    readonly network: {
      readonly hidden: readonly number[];
      readonly groupBlock: number;
    };
    /** The watch for drifting action rates is off: the best policy of a world may allocate a third as often, or three times. */
    readonly divergence: { readonly maxRateRatio: null };
  };
  /** Of every method with a critic. */
  readonly critic: {
    /** γ of the main response: the published offline experiments use 0.99. */
    readonly discount: number;
    /** τ of the slow copies: fast enough that a session's end is heard at its start within these steps. */
    readonly polyak: number;
  };
}

const divergence = { maxRateRatio: null };
const critic = { discount: 0.99, polyak: 0.05 };

const full: StudySettings = {
  units: 2_000,
  truthUnits: 3_000,
  resamples: 1_000,
  training: { steps: 500, batchSize: 256, network: { hidden: [32, 32], groupBlock: 16 }, divergence },
  critic,
};

/** For the test suite: every piece runs, no ranking is to be expected. */
const short: StudySettings = {
  units: 120,
  truthUnits: 100,
  resamples: 100,
  training: { steps: 10, batchSize: 64, network: { hidden: [8], groupBlock: 4 }, divergence },
  critic,
};

export function studySettings(run: {
  readonly units: number | null;
  readonly isShort: boolean;
}): StudySettings {
  const settings = run.isShort ? short : full;
  return run.units === null ? settings : { ...settings, units: run.units };
}
