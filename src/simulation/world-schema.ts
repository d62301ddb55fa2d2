import { z } from 'zod';
import { group, positive, probability, section, shift, spread, wholeNumber } from './world-fields.ts';
import { defaultGroups, kuairandHours } from './world-defaults.ts';

/** Every section of a world, each with its default: see `docs/worlds.md`, which is checked against this file. */
const interest = section({
  liveSpread: spread(1.2, 'Standard deviation of the latent live interest ℓ around its group’s mean.'),
  shortSpread: spread(
    0.25,
    'Standard deviation of the latent log interest in short videos around its group’s mean.',
  ),
  socialSpread: spread(
    0.8,
    'Standard deviation of the latent log inclination to follow authors, apart from ℓ.',
  ),
  socialLive: shift(0.5, 'Its slope in ℓ minus the group’s mean: who likes streams follows more.'),
  affinityNoise: spread(
    0.4,
    'Standard deviation of what liveAffinity, shortAffinity and followAffinity get wrong.',
  ),
  scoreNoise: spread(0.15, 'Standard deviation of what candidateScore gets wrong about the quality q.'),
});

const observation = section({
  features: z
    .enum(['basic', 'session'])
    .default('session')
    .describe(
      'basic: six features, without what happened in the session; session: with it. The state behind them is never shown.',
    ),
});

const hours = section({
  weights: z
    .array(z.number().min(0))
    .length(24)
    .refine((weights) => weights.some((w) => w > 0), 'at least one weight is above 0')
    .default([...kuairandHours])
    .describe('Relative frequency of a session’s first hour, 0 … 23 (default: the public KuaiRand log).'),
  eveningFrom: wholeNumber(19, 0, 23, 'First hour of the evening.'),
  eveningTo: wholeNumber(23, 0, 23, 'Last hour of the evening, included.'),
});

const positions = section({
  count: wholeNumber(
    1,
    1,
    20,
    '1: the actions are none and live; K > 1: none, position-1 … position-K of the page.',
  ),
  enterDrop: shift(0.35, 'How much each position further down takes from the logit of entering.'),
  costShare: probability(
    0.75,
    'What each position further down leaves of a stream’s costs: displaced time, fatigue, hiding, leaving.',
  ),
});

const live = section({
  availableShare: probability(
    1,
    'Share of requests with a live candidate; without one only none is eligible.',
  ),
  enterIntercept: shift(
    -0.9,
    'Logit of entering: intercept + interest · ℓ + quality · (q − ½) − fatigue · f + evening − enterDrop · (position − 1).',
  ),
  enterInterest: shift(1.8, 'Its slope in the unit’s live interest ℓ.'),
  enterQuality: shift(2, 'Its slope in the candidate’s quality q ∈ [0, 1].'),
  enterFatigue: shift(2.2, 'Its loss at full fatigue.'),
  enterEvening: shift(0.3, 'What the evening adds to it.'),
  watchMedianSeconds: positive(110, 'Seconds, median watch of an entered stream at ℓ = 0, q = ½, f = 0.'),
  watchInterest: shift(0.3, 'Slope of the log watch time in ℓ.'),
  watchQuality: shift(0.8, 'Slope of the log watch time in q.'),
  watchFatigue: probability(0.5, 'Share of the watch time that full fatigue takes.'),
  watchSigma: spread(0.9, 'Standard deviation of the log watch time: the tail.'),
  watchCapSeconds: z
    .number()
    .positive()
    .max(1800)
    .default(1800)
    .describe('Seconds, no stream is watched longer; at most 1,800.'),
});

const short = section({
  videosPerRequest: wholeNumber(6, 1, 50, 'Short videos on the page that one request fills.'),
  zeroShare: probability(0.096, 'Share of them that are not played at all.'),
  skimShare: probability(0.46, 'Share of them that are only skimmed.'),
  skimMedianSeconds: positive(2.15, 'Seconds, median play of a skimmed one (log-normal).'),
  skimSigma: spread(0.81, 'Standard deviation of its log.'),
  meanSeconds: positive(47, 'Seconds, mean play of the others (log-normal) for an average unit.'),
  sigma: spread(1.06, 'Standard deviation of its log.'),
  capSeconds: positive(900, 'Seconds, no short video is played longer.'),
  displacedEntered: probability(
    0.75,
    'Share of the page’s short-video time that an entered stream displaces.',
  ),
  displacedSkipped: probability(0.25, 'Share that a skipped one displaces.'),
  boredomLoss: probability(0.15, 'Share of the short-video time that full boredom takes.'),
  dissatisfiedLoss: probability(0.25, 'Share that full dissatisfaction takes.'),
  cellularLoss: probability(0.1, 'Share that a cellular network takes.'),
});

const reactions = section({
  likeEntered: probability(0.12, 'Probability of a like on a page whose stream was entered.'),
  likeNull: probability(0.1, 'The same without a stream.'),
  likeSkipped: probability(0.08, 'The same with a skipped stream.'),
  followEntered: probability(
    0.0005,
    'Probability of following an author; times the unit’s follow factor (1 on average).',
  ),
  followNull: probability(0.0078, 'The same without a stream.'),
  followSkipped: probability(0.004, 'The same with a skipped stream.'),
  hideEntered: probability(0.004, 'Probability of hiding something.'),
  hideNull: probability(0.005, 'The same without a stream.'),
  hideSkipped: probability(0.03, 'The same with a skipped stream; times the group’s touchiness.'),
  leaveNull: probability(0.05, 'Probability of leaving after a page without a stream.'),
  leaveEntered: probability(0.05, 'The same after an entered stream.'),
  leaveSkipped: probability(
    0.08,
    'The same after a skipped one: leaveNull + (leaveSkipped − leaveNull) · touchiness · costShare^(position − 1).',
  ),
  leaveBoredom: probability(0.02, 'What full boredom adds to leaving.'),
  leaveDissatisfied: probability(0.08, 'What full dissatisfaction adds to leaving.'),
  leaveSatisfied: probability(0.02, 'What full satisfaction takes from leaving; leaving stays ≥ 0.005.'),
  leaveFatigue: probability(0.06, 'What full fatigue adds to leaving.'),
});

const dynamics = section({
  fatigueDecay: probability(0.8, 'Share of the fatigue f ∈ [0, 1] that is left one request later.'),
  fatigueGain: probability(0.22, 'What an inserted stream adds to it.'),
  boredomDecay: probability(0.85, 'Share of the boredom ∈ [0, 1] that is left one request later.'),
  boredomGain: probability(0.06, 'What a page without a stream adds to it.'),
  satisfactionRate: probability(0.25, 'Step of the moving average satisfaction ∈ [−1, 1].'),
  satisfactionEntered: z
    .number()
    .min(-1)
    .max(1)
    .default(0.8)
    .describe('Where an entered stream moves it to.'),
  satisfactionSkipped: z.number().min(-1).max(1).default(-1).describe('Where a skipped one moves it to.'),
  satisfactionNull: z
    .number()
    .min(-1)
    .max(1)
    .default(0.25)
    .describe('Where a page without a stream moves it to.'),
  secondsBetweenRequests: positive(45, 'Seconds from request to request.'),
  maxRequests: wholeNumber(30, 1, 1000, 'No session is longer.'),
});

const days = section({
  count: wholeNumber(3, 1, 60, 'Days that a unit is followed; it has a session on the first one.'),
  returnIntercept: shift(
    -0.2,
    'Logit of coming back the next day: intercept + satisfaction · s + the group’s returnShift.',
  ),
  returnSatisfaction: shift(1.5, 'Its slope in the satisfaction s at the session’s end.'),
  satisfactionKept: probability(
    0.5,
    'Share of the satisfaction that is left the next day; fatigue and boredom are gone.',
  ),
});

const behavior = section({
  base: shift(0.04, 'P(insert) = clamp(base + score · candidateScore + affinity · liveAffinity, min, max).'),
  score: shift(0.16, 'Its slope in candidateScore.'),
  affinity: shift(0.16, 'Its slope in liveAffinity.'),
  min: probability(0.06, 'Least P(insert) where a candidate is there.'),
  max: probability(0.9, 'Largest P(insert); positions share it equally.'),
});

const drift = section({
  arrivalDays: wholeNumber(1, 1, 365, 'Units arrive uniformly over so many days.'),
  liveInterestPerDay: shift(0, 'Added to every ℓ each day since day 0.'),
  qualityPerDay: shift(0, 'Added to every q each day, before q is clamped to [0, 1].'),
  touchinessPerDay: shift(0, 'Touchiness is multiplied by exp of this each day.'),
});

const feedback = section({
  lateShare: probability(
    0,
    'Share of decisions whose events come after their windows: isComplete is false and every response its default 0.',
  ),
  lostShare: probability(
    0,
    'Share of single events that never come: the response is 0 although it happened.',
  ),
  lostLiveShare: probability(
    0,
    'The same for decisions whose stream was entered: all their watch events are lost.',
  ),
});

const propensityLog = section({
  fault: z
    .enum(['none', 'constant', 'noisy', 'sharpened'])
    .default('none')
    .describe(
      'What is logged instead of the probabilities p: constant: 1/eligible; noisy: softmax(log p + size · normal); sharpened: p^size normalised.',
    ),
  size: z.number().min(0).max(20).default(1).describe('Size of the fault.'),
});

const constraints = section({
  hideRateAtMost: probability(
    0.008,
    'Threshold of the constraint hide-rate of the surface, hides per decision.',
  ),
  liveShareAtMost: probability(
    0.35,
    'Threshold of the constraint live-share, inserted streams per decision.',
  ),
});

const groups = z
  .array(group)
  .min(1)
  .max(50)
  .default(defaultGroups.map((g) => ({ ...g, activityDays: { ...g.activityDays } })))
  .describe('Activity groups by increasing activity; their shares sum to 1 and their days do not overlap.')
  .check(({ value, issues }) => {
    const refuse = (path: (string | number)[], message: string, input: unknown): void => {
      issues.push({ code: 'custom', path, message, input });
    };
    const total = value.reduce((sum, { share }) => sum + share, 0);
    if (Math.abs(total - 1) > 1e-6) refuse([], `the shares sum to 1, these to ${total}`, total);
    value.forEach(({ name, activityDays: { min, max } }, i) => {
      if (max < min) refuse([i, 'activityDays', 'max'], 'is not below min', max);
      const before = value[i - 1]?.activityDays.max ?? -1;
      if (min <= before) refuse([i, 'activityDays', 'min'], 'is above the days of the group before', min);
      if (value.findIndex((other) => other.name === name) < i) refuse([i, 'name'], 'is unique', name);
    });
  });

export const worldSchema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors: where this schema is.'),
    name: z.string().max(80).default('default').describe('A name for tables.'),
    description: z.string().max(2000).optional().describe('What this world is about.'),
    groups,
    interest,
    observation,
    hours,
    positions,
    live,
    short,
    reactions,
    dynamics,
    days,
    behavior,
    drift,
    feedback,
    propensityLog,
    constraints,
  })
  .check(({ value, issues }) => {
    const { short, behavior } = value;
    if (short.zeroShare + short.skimShare > 1)
      issues.push({
        code: 'custom',
        path: ['short', 'skimShare'],
        message: 'zeroShare and skimShare sum to at most 1',
        input: short.skimShare,
      });
    if (behavior.min > behavior.max)
      issues.push({
        code: 'custom',
        path: ['behavior', 'min'],
        message: 'is not above max',
        input: behavior.min,
      });
  });
