import type { Draws } from './streams.ts';
import type { FeedWorldConfig, GroupConfig } from './world.ts';

/** What a unit is; policies see only noisy proxies of it. */
export interface UnitTraits {
  readonly unitId: string;
  readonly group: GroupConfig;
  readonly activityDays: number;
  /** ℓ on the unit's first day; drift is added request by request. */
  readonly liveInterest: number;
  /** Log interest in short videos. */
  readonly shortInterest: number;
  /** exp(social − variance/2): how much more than others the unit follows; 1 on average. */
  readonly followFactor: number;
  /** ℓ, the short-video and the social interest as a long history would show them, logistic, in (0, 1). */
  readonly liveAffinity: number;
  readonly shortAffinity: number;
  readonly followAffinity: number;
  readonly isCellular: boolean;
  readonly firstHour: number;
  /** Day of the unit's first session, 0 … drift.arrivalDays − 1. */
  readonly arrivalDay: number;
}

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
export const clamp = (x: number, min: number, max: number): number => Math.min(max, Math.max(min, x));

/** Draws a unit; the same draws give the same unit. */
export function drawUnit(config: FeedWorldConfig, unitId: string, draws: Draws): UnitTraits {
  const { interest } = config;
  const group = drawGroup(config.groups, draws.uniform());
  const { min, max } = group.activityDays;
  const activityDays = min + Math.floor(draws.uniform() * (max - min + 1));
  const liveInterest = group.liveInterestMean + interest.liveSpread * draws.normal();
  const shortInterest = group.shortInterestMean + interest.shortSpread * draws.normal();
  const liveAffinity = logistic(liveInterest + interest.affinityNoise * draws.normal());
  const isCellular = draws.uniform() < 0.4;
  const firstHour = drawHour(config.hours.weights, draws.uniform());
  const social =
    interest.socialLive * (liveInterest - group.liveInterestMean) + interest.socialSpread * draws.normal();
  const socialVariance = interest.socialSpread ** 2 + (interest.socialLive * interest.liveSpread) ** 2;
  return {
    unitId,
    group,
    activityDays,
    liveInterest,
    shortInterest,
    followFactor: Math.exp(social - socialVariance / 2),
    liveAffinity,
    shortAffinity: logistic(4 * shortInterest + interest.affinityNoise * draws.normal()),
    followAffinity: logistic(social + interest.affinityNoise * draws.normal()),
    isCellular,
    firstHour,
    arrivalDay: Math.floor(draws.uniform() * config.drift.arrivalDays),
  };
}

function drawGroup(groups: readonly GroupConfig[], u: number): GroupConfig {
  let below = 0;
  for (const group of groups) {
    below += group.share;
    if (u < below) return group;
  }
  return groups[groups.length - 1];
}

/** Inverse CDF over the weights; with equal ones ⌊24u⌋. */
export function drawHour(weights: readonly number[], u: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let below = 0;
  for (let hour = 0; hour < weights.length; hour++) {
    below += weights[hour];
    if (u * total < below) return hour;
  }
  return weights.length - 1;
}
