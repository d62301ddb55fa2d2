import type { Outcome } from './outcome.ts';

/** What the feed reports after a decision, by type; a missing type did not happen. Short videos: watch − live_watch. */
export function interactionsOf(
  outcome: Outcome,
): readonly { readonly type: string; readonly value: number }[] {
  const events = [{ type: 'watch', value: outcome.shortWatchSeconds + outcome.liveWatchSeconds }];
  if (outcome.liveWatchSeconds > 0) events.push({ type: 'live_watch', value: outcome.liveWatchSeconds });
  if (outcome.isLiked) events.push({ type: 'like', value: 1 });
  if (outcome.isHidden) events.push({ type: 'hide', value: 1 });
  if (outcome.isSessionEnd) events.push({ type: 'session_end', value: 1 });
  return events;
}

/** Every response of the world, in the order of `writeResponses`. */
export const responseNames = [
  'watch_seconds',
  'live_watch_seconds',
  'short_watch_seconds',
  'like',
  'follow',
  'hide',
  'session_end',
  'return_next_day',
] as const;

export type ResponseName = (typeof responseNames)[number];

/** Straight from the world: the truth that a log should show. */
export function writeResponses(outcome: Outcome, out: Float64Array): void {
  out[0] = outcome.shortWatchSeconds + outcome.liveWatchSeconds;
  out[1] = outcome.liveWatchSeconds;
  out[2] = outcome.shortWatchSeconds;
  out[3] = outcome.isLiked ? 1 : 0;
  out[4] = outcome.isFollowed ? 1 : 0;
  out[5] = outcome.isHidden ? 1 : 0;
  out[6] = outcome.isSessionEnd ? 1 : 0;
  out[7] = outcome.isReturning ? 1 : 0;
}

/** The same by name. */
export const responseValues = (outcome: Outcome): Readonly<Record<ResponseName, number>> => ({
  watch_seconds: outcome.shortWatchSeconds + outcome.liveWatchSeconds,
  live_watch_seconds: outcome.liveWatchSeconds,
  short_watch_seconds: outcome.shortWatchSeconds,
  like: outcome.isLiked ? 1 : 0,
  follow: outcome.isFollowed ? 1 : 0,
  hide: outcome.isHidden ? 1 : 0,
  session_end: outcome.isSessionEnd ? 1 : 0,
  return_next_day: outcome.isReturning ? 1 : 0,
});
