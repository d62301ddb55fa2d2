/** Share of exposures by hour of day in the public KuaiRand log, Beijing time (aggregate, see docs/worlds.md). */
export const kuairandHours: readonly number[] = [
  0.036, 0.023, 0.015, 0.009, 0.008, 0.01, 0.018, 0.026, 0.034, 0.041, 0.046, 0.051, 0.059, 0.056, 0.052,
  0.053, 0.056, 0.059, 0.056, 0.055, 0.057, 0.06, 0.064, 0.057,
];

/** Three groups of an app with many occasional visitors. */
export const defaultGroups = [
  {
    name: 'low',
    share: 0.4,
    activityDays: { min: 0, max: 6 },
    liveInterestMean: -1.2,
    shortInterestMean: -0.1,
    touchiness: 1.8,
    returnShift: -0.6,
  },
  {
    name: 'middle',
    share: 0.35,
    activityDays: { min: 7, max: 19 },
    liveInterestMean: -0.1,
    shortInterestMean: 0,
    touchiness: 1,
    returnShift: 0,
  },
  {
    name: 'high',
    share: 0.25,
    activityDays: { min: 20, max: 30 },
    liveInterestMean: 0.9,
    shortInterestMean: 0.1,
    touchiness: 0.7,
    returnShift: 0.8,
  },
] as const;
