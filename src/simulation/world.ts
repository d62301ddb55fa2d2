import type { z } from 'zod';
import type { worldSchema } from './world-schema.ts';

type Frozen<T> = T extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/**
 * The feed world with known truth: plain numbers from a JSON file (`parseWorld`), explained field by field in
 * `docs/worlds.md`. Times are seconds of the world (a live watch can last 1,800 s); whoever replays it faster says so.
 */
export type FeedWorldConfig = Frozen<z.output<typeof worldSchema>>;
export type GroupConfig = FeedWorldConfig['groups'][number];

/**
 * The world of the demo and of the proofs of judging: one session of at most ten requests, one short video a request, six
 * features, effects that mostly end with the decision. Inserting a stream pays for interested units and good candidates and
 * costs short-video time everywhere else, so neither always-null nor always-live is best and the best choice can be read,
 * noisily, from the features. The worlds to learn sessions on start from `parseWorld({})`.
 */
export const defaultFeedWorld: FeedWorldConfig = {
  name: 'demo',
  groups: [
    {
      name: 'low',
      share: 0.4,
      activityDays: { min: 0, max: 6 },
      liveInterestMean: -1.2,
      shortInterestMean: 0,
      touchiness: 1.8,
      returnShift: 0,
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
      shortInterestMean: 0,
      touchiness: 0.7,
      returnShift: 0,
    },
  ],
  interest: {
    liveSpread: 1.2,
    shortSpread: 0.25,
    socialSpread: 0,
    socialLive: 0,
    affinityNoise: 0.4,
    scoreNoise: 0.15,
  },
  observation: { features: 'basic' },
  hours: { weights: Array.from({ length: 24 }, () => 1), eveningFrom: 19, eveningTo: 23 },
  positions: { count: 1, enterDrop: 0, costShare: 1 },
  live: {
    availableShare: 1,
    enterIntercept: -1.3,
    enterInterest: 2,
    enterQuality: 2,
    enterFatigue: 0.8,
    enterEvening: 0.3,
    watchMedianSeconds: 85,
    watchInterest: 0.3,
    watchQuality: 0.8,
    watchFatigue: 0.5,
    watchSigma: 0.8,
    watchCapSeconds: 1800,
  },
  short: {
    videosPerRequest: 1,
    zeroShare: 0,
    skimShare: 0,
    skimMedianSeconds: 1,
    skimSigma: 0,
    meanSeconds: 60,
    sigma: 0.5,
    capSeconds: 1e6,
    displacedEntered: 0.65,
    displacedSkipped: 0.65,
    boredomLoss: 0.2,
    dissatisfiedLoss: 0,
    cellularLoss: 0.1,
  },
  reactions: {
    likeEntered: 0.18,
    likeNull: 0.05,
    likeSkipped: 0.02,
    followEntered: 0,
    followNull: 0,
    followSkipped: 0,
    hideEntered: 0.003,
    hideNull: 0.004,
    hideSkipped: 0.035,
    leaveNull: 0.05,
    leaveEntered: 0.05,
    leaveSkipped: 0.1,
    leaveBoredom: 0.05,
    leaveDissatisfied: 0.05,
    leaveSatisfied: 0,
    leaveFatigue: 0,
  },
  dynamics: {
    fatigueDecay: 0.6,
    fatigueGain: 0.25,
    boredomDecay: 0.8,
    boredomGain: 0.1,
    satisfactionRate: 0.2,
    satisfactionEntered: 1,
    satisfactionSkipped: -1,
    satisfactionNull: 0.2,
    secondsBetweenRequests: 45,
    maxRequests: 10,
  },
  days: { count: 1, returnIntercept: 0, returnSatisfaction: 0, satisfactionKept: 0 },
  behavior: { base: 0.35, score: 0.3, affinity: 0, min: 0.1, max: 0.9 },
  drift: { arrivalDays: 1, liveInterestPerDay: 0, qualityPerDay: 0, touchinessPerDay: 0 },
  feedback: { lateShare: 0, lostShare: 0, lostLiveShare: 0 },
  propensityLog: { fault: 'none', size: 1 },
  constraints: { hideRateAtMost: 0.05, liveShareAtMost: 0.9 },
};
