import type { FeatureSpec, FeatureValues } from '../core/surface/surface.ts';
import type { RequestContext, UnitState } from './outcome.ts';
import type { UnitTraits } from './unit.ts';
import type { FeedWorldConfig } from './world.ts';

/** `secondsSinceLive` when there was no stream in the session. */
export const LONG_AGO_SECONDS = 86_400;
const MOST_SHORT_SECONDS = 7200;

/** What the feed itself knows of the running session. */
export interface Visit {
  readonly inserted: number;
  readonly skipped: number;
  readonly lastShortSeconds: number;
}

export const freshVisit: Visit = { inserted: 0, skipped: 0, lastShortSeconds: 0 };

const numeric = (name: string, min: number, max: number): FeatureSpec => ({
  name,
  type: 'numeric',
  min,
  max,
});

/** Six features that leave out what happened in the session but for the last stream. */
export const basicFeatures: readonly FeatureSpec[] = [
  numeric('hour', 0, 23),
  numeric('activityDays30', 0, 30),
  { name: 'secondsSinceLive', type: 'numeric', min: 0, max: LONG_AGO_SECONDS, default: LONG_AGO_SECONDS },
  numeric('liveAffinity', 0, 1),
  numeric('candidateScore', 0, 1),
  { name: 'network', type: 'categorical', values: ['wifi', 'cellular'], default: 'wifi' },
];

/** With what the feed saw in the session: noisy proxies of fatigue, boredom and satisfaction. */
export const sessionFeatures: readonly FeatureSpec[] = [
  ...basicFeatures,
  numeric('shortAffinity', 0, 1),
  numeric('followAffinity', 0, 1),
  numeric('sessionStep', 0, 1000),
  numeric('livesInSession', 0, 1000),
  numeric('skipsInSession', 0, 1000),
  numeric('lastShortSeconds', 0, MOST_SHORT_SECONDS),
];

export function featuresOf(
  config: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  visit: Visit,
  context: RequestContext,
  step: number,
): FeatureValues {
  const { requestsSinceLive } = state;
  const secondsSinceLive =
    requestsSinceLive === null
      ? LONG_AGO_SECONDS
      : Math.min(LONG_AGO_SECONDS, (requestsSinceLive + 1) * config.dynamics.secondsBetweenRequests);
  const network = unit.isCellular ? 'cellular' : 'wifi';
  if (config.observation.features === 'basic')
    return {
      hour: context.hour,
      activityDays30: unit.activityDays,
      secondsSinceLive,
      liveAffinity: unit.liveAffinity,
      candidateScore: context.candidateScore,
      network,
    };
  return {
    hour: context.hour,
    activityDays30: unit.activityDays,
    secondsSinceLive,
    liveAffinity: unit.liveAffinity,
    candidateScore: context.candidateScore,
    network,
    shortAffinity: unit.shortAffinity,
    followAffinity: unit.followAffinity,
    sessionStep: step,
    livesInSession: visit.inserted,
    skipsInSession: visit.skipped,
    lastShortSeconds: Math.min(MOST_SHORT_SECONDS, visit.lastShortSeconds),
  };
}
