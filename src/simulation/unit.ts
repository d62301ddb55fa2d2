import type { Random } from '../core/math/random.ts';
import type { FeedWorldConfig, GroupConfig } from './world.ts';

/** What a unit is; policies see only noisy proxies of it. */
export interface UnitTraits {
  readonly unitId: string;
  readonly group: GroupConfig;
  readonly activityDays: number;
  /** ℓ */
  readonly liveInterest: number;
  readonly shortInterest: number;
  /** ℓ as a long history of the unit would show it, logistic, in (0, 1). */
  readonly liveAffinity: number;
  readonly isCellular: boolean;
  readonly firstHour: number;
}

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
export const clamp = (x: number, min: number, max: number): number => Math.min(max, Math.max(min, x));

/** Draws a unit; the same `random` gives the same unit. */
export function drawUnit(config: FeedWorldConfig, unitId: string, random: Random): UnitTraits {
  const group = drawGroup(config.groups, random.uniform());
  const { min, max } = group.activityDays;
  const activityDays = min + Math.floor(random.uniform() * (max - min + 1));
  const liveInterest = group.liveInterestMean + config.interest.liveSpread * random.normal();
  const shortInterest = config.interest.shortSpread * random.normal();
  const liveAffinity = logistic(liveInterest + config.interest.affinityNoise * random.normal());
  return {
    unitId,
    group,
    activityDays,
    liveInterest,
    shortInterest,
    liveAffinity,
    isCellular: random.uniform() < 0.4,
    firstHour: Math.floor(random.uniform() * 24),
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
