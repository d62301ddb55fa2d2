/** Share of exposures by hour of day in the public KuaiRand log, Beijing time (aggregate, see docs/worlds.md). */
export const kuairandHours: readonly number[] = [
  0.036, 0.023, 0.015, 0.009, 0.008, 0.01, 0.018, 0.026, 0.034, 0.041, 0.046, 0.051, 0.059, 0.056, 0.052,
  0.053, 0.056, 0.059, 0.056, 0.055, 0.057, 0.06, 0.064, 0.057,
];

/** Shares of units as in the public KuaiRand data (aggregate: low_active, new and returning; middle; high; full_active). */
export const defaultGroups = [
  {
    name: 'low',
    share: 0.037,
    activityDays: { min: 0, max: 4 },
    liveInterestMean: -1.2,
    shortInterestMean: -0.1,
    touchiness: 2.4,
    returnShift: -1.2,
  },
  {
    name: 'middle',
    share: 0.079,
    activityDays: { min: 5, max: 12 },
    liveInterestMean: -0.8,
    shortInterestMean: -0.05,
    touchiness: 1.8,
    returnShift: -0.6,
  },
  {
    name: 'high',
    share: 0.225,
    activityDays: { min: 13, max: 23 },
    liveInterestMean: -0.3,
    shortInterestMean: 0,
    touchiness: 1.2,
    returnShift: -0.1,
  },
  {
    name: 'full',
    share: 0.659,
    activityDays: { min: 24, max: 30 },
    liveInterestMean: 0.1,
    shortInterestMean: 0.02,
    touchiness: 0.8,
    returnShift: 0.3,
  },
] as const;
