import type { ResponseSpec, Surface } from '../core/surface/surface.ts';
import { actionsOf } from './actions.ts';
import { basicFeatures, sessionFeatures } from './features.ts';
import { NULL_ACTION } from './outcome.ts';
import type { FeedWorldConfig } from './world.ts';

/** Watch time in the app after one decision: an entered stream plus short videos, with room above both caps. */
const MAX_WATCH_SECONDS = 3600;

/**
 * The decision point of the demo. Main response: watch time in the app, streams and short videos together, so a
 * stream has to earn the short-video time it displaces; hides are the cost.
 */
export function liveFeedSurface(
  config: FeedWorldConfig,
  options: { readonly name: string; readonly windowSeconds: number; readonly schemaVersion?: number },
): Surface {
  return {
    name: options.name,
    schemaVersion: options.schemaVersion ?? 1,
    actions: actionsOf(config),
    nullAction: NULL_ACTION,
    features: basicFeatures,
    groups: groupsOf(config),
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

/** Windows of the session surface: within the session, and until the next day is over. */
const SESSION_WINDOW_SECONDS = 3600;
const RETURN_WINDOW_SECONDS = 2 * 86_400;

/**
 * The decision point of a world with sessions: all its responses, and constraints on hides and on the share of streams.
 * Features and actions are those that the world's logs and requests have.
 */
export function sessionFeedSurface(
  config: FeedWorldConfig,
  options: { readonly name: string; readonly explorationFloor?: number; readonly schemaVersion?: number },
): Surface {
  const { hideRateAtMost, liveShareAtMost } = config.constraints;
  return {
    name: options.name,
    schemaVersion: options.schemaVersion ?? 1,
    actions: actionsOf(config),
    nullAction: NULL_ACTION,
    features: config.observation.features === 'basic' ? basicFeatures : sessionFeatures,
    groups: groupsOf(config),
    responses: sessionResponses(config),
    constraints: [
      { name: 'hide-rate', on: { response: 'hide' }, direction: 'at-most', threshold: hideRateAtMost },
      { name: 'live-share', on: 'share-of-actions', direction: 'at-most', threshold: liveShareAtMost },
    ],
    explorationFloor: options.explorationFloor ?? 0.1,
    caps: [],
    pacing: null,
    horizon: 'session',
    completeness: 'window',
    gate: {
      estimator: 'dr',
      level: 0.95,
      mainMargin: 2,
      auxiliaryMargins: {
        live_watch_seconds: 10,
        short_watch_seconds: 10,
        like: 0.02,
        follow: 0.001,
        return_next_day: 0.005,
      },
      minEffectiveUnits: 200,
    },
  };
}

const groupsOf = (config: FeedWorldConfig): Surface['groups'] => ({
  feature: 'activityDays30',
  bounds: config.groups.slice(1).map((group) => group.activityDays.min),
  names: ['unknown', ...config.groups.map((group) => group.name)],
});

const seconds = { aggregate: 'sum', unit: 's', min: 0, max: MAX_WATCH_SECONDS, default: 0 } as const;
const event = { aggregate: 'any', unit: 'events', min: 0, max: 1, default: 0 } as const;

function responses(windowSeconds: number): readonly ResponseSpec[] {
  return [
    { name: 'watch_seconds', role: 'main', interaction: 'watch', ...seconds, windowSeconds },
    { name: 'live_watch_seconds', role: 'auxiliary', interaction: 'live_watch', ...seconds, windowSeconds },
    { name: 'like', role: 'auxiliary', interaction: 'like', ...event, windowSeconds },
    { name: 'hide', role: 'cost', interaction: 'hide', ...event, windowSeconds },
    { name: 'session_end', role: 'cost', interaction: 'session_end', ...event, windowSeconds },
  ];
}

function sessionResponses({ live, short }: FeedWorldConfig): readonly ResponseSpec[] {
  const windowSeconds = SESSION_WINDOW_SECONDS;
  const mostShort = Math.min(7200, short.videosPerRequest * short.capSeconds);
  const timed = (interaction: string, max: number) => ({
    ...seconds,
    interaction,
    max,
    windowSeconds,
  });
  const once = (interaction: string) => ({ ...event, interaction, windowSeconds });
  return [
    { name: 'watch_seconds', role: 'main', ...timed('watch', mostShort + live.watchCapSeconds) },
    { name: 'live_watch_seconds', role: 'auxiliary', ...timed('live_watch', live.watchCapSeconds) },
    { name: 'short_watch_seconds', role: 'auxiliary', ...timed('short_watch', mostShort) },
    { name: 'like', role: 'auxiliary', ...once('like') },
    { name: 'follow', role: 'auxiliary', ...once('follow') },
    { name: 'hide', role: 'cost', ...once('hide') },
    { name: 'session_end', role: 'cost', ...once('session_end') },
    {
      name: 'return_next_day',
      role: 'auxiliary',
      ...event,
      interaction: 'return_next_day',
      windowSeconds: RETURN_WINDOW_SECONDS,
    },
  ];
}
