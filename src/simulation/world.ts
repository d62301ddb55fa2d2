/**
 * The feed world with known truth: plain numbers, so that it can be read from a JSON file. Times are seconds of the
 * world (a live watch can last 1,800 s); whoever replays it faster says so.
 */
export interface FeedWorldConfig {
  /** Activity groups; shares sum to 1. */
  readonly groups: readonly GroupConfig[];
  readonly interest: {
    /** Spread of the latent live interest ℓ around its group's mean. */
    readonly liveSpread: number;
    readonly shortSpread: number;
    /** Standard deviation of what the feature `liveAffinity` gets wrong about ℓ. */
    readonly affinityNoise: number;
    /** Standard deviation of what `candidateScore` gets wrong about the candidate's quality. */
    readonly scoreNoise: number;
  };
  readonly live: {
    /** Logit of entering a live stream: intercept + interest · ℓ + quality · (q − ½) − fatigue · f + evening. */
    readonly enterIntercept: number;
    readonly enterInterest: number;
    readonly enterQuality: number;
    readonly enterFatigue: number;
    readonly enterEvening: number;
    /** Median watch of an entered stream for ℓ = 0, q = ½, f = 0; log-normal with `watchSigma`. */
    readonly watchMedianSeconds: number;
    readonly watchInterest: number;
    readonly watchQuality: number;
    readonly watchSigma: number;
    readonly watchCapSeconds: number;
  };
  readonly short: {
    readonly meanSeconds: number;
    readonly sigma: number;
    /** Share of the short-video time that an inserted stream displaces, entered or skipped. */
    readonly displacedShare: number;
    readonly boredomLoss: number;
    readonly cellularLoss: number;
  };
  readonly reactions: {
    readonly likeEntered: number;
    readonly likeNull: number;
    readonly likeSkipped: number;
    readonly hideEntered: number;
    readonly hideNull: number;
    readonly hideSkipped: number;
    readonly leaveNull: number;
    readonly leaveEntered: number;
    readonly leaveSkipped: number;
    /** How much each point of boredom or lost satisfaction adds to leaving. */
    readonly leaveBoredom: number;
    readonly leaveDissatisfied: number;
  };
  readonly dynamics: {
    readonly fatigueDecay: number;
    readonly fatigueGain: number;
    readonly boredomDecay: number;
    readonly boredomGain: number;
    readonly satisfactionRate: number;
    readonly secondsBetweenRequests: number;
    readonly maxRequests: number;
  };
}

export interface GroupConfig {
  readonly name: string;
  readonly share: number;
  /** Active days of the last 30, drawn uniformly from [min, max]. */
  readonly activityDays: { readonly min: number; readonly max: number };
  readonly liveInterestMean: number;
  /** Multiplies hides and extra leaving after a skipped stream: inactive groups are touchier. */
  readonly touchiness: number;
}

/**
 * Inserting a stream pays for interested units and good candidates and costs short-video time everywhere else, so
 * neither always-null nor always-live is best and the best choice can be read, noisily, from the features.
 */
export const defaultFeedWorld: FeedWorldConfig = {
  groups: [
    {
      name: 'low',
      share: 0.4,
      activityDays: { min: 0, max: 6 },
      liveInterestMean: -1.2,
      touchiness: 1.8,
    },
    {
      name: 'middle',
      share: 0.35,
      activityDays: { min: 7, max: 19 },
      liveInterestMean: -0.1,
      touchiness: 1,
    },
    {
      name: 'high',
      share: 0.25,
      activityDays: { min: 20, max: 30 },
      liveInterestMean: 0.9,
      touchiness: 0.7,
    },
  ],
  interest: { liveSpread: 1.2, shortSpread: 0.25, affinityNoise: 0.4, scoreNoise: 0.15 },
  live: {
    enterIntercept: -1.3,
    enterInterest: 2,
    enterQuality: 2,
    enterFatigue: 0.8,
    enterEvening: 0.3,
    watchMedianSeconds: 85,
    watchInterest: 0.3,
    watchQuality: 0.8,
    watchSigma: 0.8,
    watchCapSeconds: 1800,
  },
  short: { meanSeconds: 60, sigma: 0.5, displacedShare: 0.65, boredomLoss: 0.2, cellularLoss: 0.1 },
  reactions: {
    likeEntered: 0.18,
    likeNull: 0.05,
    likeSkipped: 0.02,
    hideEntered: 0.003,
    hideNull: 0.004,
    hideSkipped: 0.035,
    leaveNull: 0.05,
    leaveEntered: 0.05,
    leaveSkipped: 0.1,
    leaveBoredom: 0.05,
    leaveDissatisfied: 0.05,
  },
  dynamics: {
    fatigueDecay: 0.6,
    fatigueGain: 0.25,
    boredomDecay: 0.8,
    boredomGain: 0.1,
    satisfactionRate: 0.2,
    secondsBetweenRequests: 45,
    maxRequests: 10,
  },
};
