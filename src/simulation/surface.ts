import type { FeatureSpec, ResponseSpec, Surface } from '../core/surface/surface.ts';
import { LIVE_ACTION, NULL_ACTION } from './outcome.ts';
import { LONG_AGO_SECONDS } from './session.ts';
import type { FeedWorldConfig } from './world.ts';

/** Watch time in the app after one decision: an entered stream plus short videos, with room above both caps. */
const MAX_WATCH_SECONDS = 3600;

const features: readonly FeatureSpec[] = [
  { name: 'hour', type: 'numeric', min: 0, max: 23 },
  { name: 'activityDays30', type: 'numeric', min: 0, max: 30 },
  {
    name: 'secondsSinceLive',
    type: 'numeric',
    min: 0,
    max: LONG_AGO_SECONDS,
    default: LONG_AGO_SECONDS,
  },
  { name: 'liveAffinity', type: 'numeric', min: 0, max: 1 },
  { name: 'candidateScore', type: 'numeric', min: 0, max: 1 },
  { name: 'network', type: 'categorical', values: ['wifi', 'cellular'], default: 'wifi' },
];

/**
 * The decision point of the feed world. Main response: watch time in the app, streams and short videos together, so a
 * stream has to earn the short-video time it displaces; hides are the cost.
 */
export function liveFeedSurface(
  config: FeedWorldConfig,
  options: { readonly name: string; readonly windowSeconds: number; readonly schemaVersion?: number },
): Surface {
  return {
    name: options.name,
    schemaVersion: options.schemaVersion ?? 1,
    actions: [NULL_ACTION, LIVE_ACTION],
    nullAction: NULL_ACTION,
    features,
    groups: {
      feature: 'activityDays30',
      bounds: config.groups.slice(1).map((group) => group.activityDays.min),
      names: ['unknown', ...config.groups.map((group) => group.name)],
    },
    responses: responses(options.windowSeconds),
    constraints: [{ name: 'hide-rate', on: { response: 'hide' }, direction: 'at-most', threshold: 0.05 }],
    explorationFloor: 0.1,
    caps: [],
    pacing: null,
    horizon: 1,
    completeness: 'window',
    gate: {
      estimator: 'snips',
      level: 0.95,
      mainMargin: 2,
      auxiliaryMargins: { live_watch_seconds: 10, like: 0.03 },
      minEffectiveUnits: 200,
    },
  };
}

function responses(windowSeconds: number): readonly ResponseSpec[] {
  const seconds = { aggregate: 'sum', unit: 's', min: 0, max: MAX_WATCH_SECONDS, default: 0 } as const;
  const event = { aggregate: 'any', unit: 'events', min: 0, max: 1, default: 0 } as const;
  return [
    { name: 'watch_seconds', role: 'main', interaction: 'watch', ...seconds, windowSeconds },
    { name: 'live_watch_seconds', role: 'auxiliary', interaction: 'live_watch', ...seconds, windowSeconds },
    { name: 'like', role: 'auxiliary', interaction: 'like', ...event, windowSeconds },
    { name: 'hide', role: 'cost', interaction: 'hide', ...event, windowSeconds },
    { name: 'session_end', role: 'cost', interaction: 'session_end', ...event, windowSeconds },
  ];
}
