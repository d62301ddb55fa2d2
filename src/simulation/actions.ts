import { LIVE_ACTION, NULL_ACTION } from './outcome.ts';
import type { FeedWorldConfig } from './world.ts';

/** In the order of the surface: none and live, or none and position-1 … position-K. */
export function actionsOf({ positions: { count } }: FeedWorldConfig): readonly string[] {
  if (count === 1) return [NULL_ACTION, LIVE_ACTION];
  return [NULL_ACTION, ...Array.from({ length: count }, (_, i) => `position-${i + 1}`)];
}

export function actionIndex({ positions: { count } }: FeedWorldConfig, action: string): number {
  if (action === NULL_ACTION) return 0;
  if (action === LIVE_ACTION) return 1;
  const position = Number(/^position-(\d+)$/.exec(action)?.[1]);
  if (position >= 1 && position <= count) return position;
  throw new RangeError(`the world has no action named ${action}`);
}
