import type { ResponseName } from './responses.ts';
import type { Draws } from './streams.ts';
import type { FeedWorldConfig } from './world.ts';

interface Received {
  readonly responses: Record<string, number>;
  readonly isComplete: boolean;
}

/**
 * What reaches the log of what happened. Late: nothing before the windows close, so the row is incomplete and everything a
 * default. Lost: single events, silently, so the row claims to be complete and a response is 0 although it happened; with
 * `lostLiveShare` all watch events of entered streams, which is a loss that depends on the outcome.
 */
export function receivedResponses(
  feedback: FeedWorldConfig['feedback'],
  truth: Readonly<Record<ResponseName, number>>,
  isEntered: boolean,
  draws: Draws,
): Received {
  const { lateShare, lostShare, lostLiveShare } = feedback;
  const responses: Record<string, number> = { ...truth };
  if (lateShare === 0 && lostShare === 0 && lostLiveShare === 0) return { responses, isComplete: true };
  const isLate = draws.uniform() < lateShare;
  const isLiveLost = draws.uniform() < lostLiveShare && isEntered;
  for (const name of Object.keys(responses)) {
    const isLost = draws.uniform() < lostShare || (isLiveLost && name.endsWith('_seconds'));
    if (isLate || isLost) responses[name] = 0;
  }
  return { responses, isComplete: !isLate };
}
