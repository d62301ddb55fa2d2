/** The one configuration that every learned method of a study shares; what is a method's own stands with it. */
export interface StudySettings {
  /** Units of the log; 70 % of them train, 10 % validate, 20 % are kept for the estimates. */
  readonly units: number;
  /** Sessions behind every true value. */
  readonly truthUnits: number;
  /** Resamples of the evaluation's intervals. */
  readonly resamples: number;
  readonly training: {
    readonly steps: number;
    readonly batchSize: number;
    /** γ of the main response: the published offline experiments use 0.99. */
    readonly discount: number;
    readonly network: {
      readonly hidden: readonly number[];
      readonly groupBlock: number;
    };
  };
}

const full: StudySettings = {
  units: 3_000,
  truthUnits: 6_000,
  resamples: 1_000,
  training: { steps: 400, batchSize: 512, discount: 0.99, network: { hidden: [32, 32], groupBlock: 16 } },
};

/** For the test suite: every piece runs, no ranking is to be expected. */
const short: StudySettings = {
  units: 250,
  truthUnits: 250,
  resamples: 100,
  training: { steps: 20, batchSize: 128, discount: 0.99, network: { hidden: [16], groupBlock: 8 } },
};

export function studySettings(run: {
  readonly units: number | null;
  readonly isShort: boolean;
}): StudySettings {
  const settings = run.isShort ? short : full;
  return run.units === null ? settings : { ...settings, units: run.units };
}
