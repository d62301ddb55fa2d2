import type { Random } from '../core/math/random.ts';
import type { FeatureValues } from '../core/surface/surface.ts';
import { actionIndex } from './actions.ts';
import { createLife } from './life.ts';
import type { Outcome } from './outcome.ts';
import { forkedStreams } from './streams.ts';
import type { UnitTraits } from './unit.ts';
import type { FeedWorldConfig } from './world.ts';

/** One unit's first visit: ask for a request, choose an action, see what follows, until it leaves. */
export interface UnitSession {
  readonly unit: UnitTraits;
  readonly sessionId: string;
  /** Whether the waiting request has a live candidate. */
  readonly isLiveAvailable: boolean;
  /** Features of the request that waits for an action; null: the session is over. */
  request(): FeatureValues | null;
  /** Answers the waiting request and moves on to the next one. */
  act(action: string): Outcome;
}

/**
 * A session in which request k of unit u sees the same candidates and the same noise whatever was chosen before
 * (streams are forked by unit and request), so policies can be compared with common random numbers.
 */
export function createSession(config: FeedWorldConfig, unitId: string, random: Random): UnitSession {
  const life = createLife(config, unitId, forkedStreams(random, unitId));
  return {
    unit: life.unit,
    sessionId: `s-${unitId}`,
    get isLiveAvailable() {
      return life.isLiveAvailable;
    },
    request: () => (life.session === 0 ? life.request() : null),
    act: (action) => life.act(actionIndex(config, action)),
  };
}
