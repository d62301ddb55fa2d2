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

/** The declared responses of `liveFeedSurface`, by name, straight from the world: the truth a log should show. */
export const responseValues = (outcome: Outcome): Readonly<Record<string, number>> => ({
  watch_seconds: outcome.shortWatchSeconds + outcome.liveWatchSeconds,
  live_watch_seconds: outcome.liveWatchSeconds,
  short_watch_seconds: outcome.shortWatchSeconds,
  like: outcome.isLiked ? 1 : 0,
  hide: outcome.isHidden ? 1 : 0,
  session_end: outcome.isSessionEnd ? 1 : 0,
});
