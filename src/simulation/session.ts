import type { Random } from '../core/math/random.ts';
import type { FeatureValues } from '../core/surface/surface.ts';
import { freshState, respond, type Outcome, type RequestContext, type UnitState } from './outcome.ts';
import { clamp, drawUnit, type UnitTraits } from './unit.ts';
import type { FeedWorldConfig } from './world.ts';

/** `secondsSinceLive` when there was no stream in the session. */
export const LONG_AGO_SECONDS = 86_400;

/** One unit's visit: ask for a request, choose an action, see what follows, until it leaves. */
export interface UnitSession {
  readonly unit: UnitTraits;
  readonly sessionId: string;
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
  const unit = drawUnit(config, unitId, random.fork(`unit:${unitId}`));
  let state = freshState;
  let index = 0;
  let isOver = false;
  let context = drawContext(config, unit, index, random);

  return {
    unit,
    sessionId: `s-${unitId}`,
    request: () => (isOver ? null : featuresOf(config, unit, state, context)),
    act(action) {
      const noise = random.fork(`outcome:${unitId}:${index}`);
      const outcome = respond(config, unit, state, context, action, noise);
      index++;
      isOver = outcome.isSessionEnd || index >= config.dynamics.maxRequests;
      state = outcome.after;
      if (!isOver) context = drawContext(config, unit, index, random);
      return { ...outcome, isSessionEnd: isOver };
    },
  };
}

function drawContext(
  config: FeedWorldConfig,
  unit: UnitTraits,
  index: number,
  random: Random,
): RequestContext {
  const draws = random.fork(`request:${unit.unitId}:${index}`);
  const quality = draws.uniform();
  const elapsedHours = Math.floor((index * config.dynamics.secondsBetweenRequests) / 3600);
  return {
    hour: (unit.firstHour + elapsedHours) % 24,
    quality,
    candidateScore: clamp(quality + config.interest.scoreNoise * draws.normal(), 0, 1),
  };
}

function featuresOf(
  config: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  context: RequestContext,
): FeatureValues {
  return {
    hour: context.hour,
    activityDays30: unit.activityDays,
    secondsSinceLive:
      state.requestsSinceLive === null
        ? LONG_AGO_SECONDS
        : (state.requestsSinceLive + 1) * config.dynamics.secondsBetweenRequests,
    liveAffinity: unit.liveAffinity,
    candidateScore: context.candidateScore,
    network: unit.isCellular ? 'cellular' : 'wifi',
  };
}
