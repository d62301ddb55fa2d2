import type { AllotClient } from '../../client/client.ts';
import type { Random } from '../../core/math/random.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { FeedWorldConfig } from '../../simulation/world.ts';
import type { RunningAllot } from '../local/start-allot.ts';
import type { Progress } from '../progress.ts';

export const TENANT = 'default';
export const SURFACE = 'live-feed';

/**
 * A response window of the demo, in real seconds. Its world runs hundreds of times faster than ours: a watch of half an
 * hour is reported the moment it begins, so a window of seconds misses nothing. A real surface needs at least the longest
 * possible watch plus the delivery delay.
 */
export const WINDOW_SECONDS = 4;

/** What every stage of the demo uses. */
export interface DemoContext {
  readonly allot: RunningAllot;
  readonly client: AllotClient;
  readonly world: FeedWorldConfig;
  readonly surface: Surface;
  readonly random: Random;
  /** Part of every unit id and experiment name: different in every run on the same database. */
  readonly tag: string;
  readonly dataDir: string;
  readonly childEnvironment: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly clock: () => number;
}
