import type { Random } from '../core/math/random.ts';
import { clamp, logistic, type UnitTraits } from './unit.ts';
import type { FeedWorldConfig } from './world.ts';

export const NULL_ACTION = 'none';
export const LIVE_ACTION = 'live';

/** What changes from request to request. */
export interface UnitState {
  /** f in [0, 1]: how tired of streams the unit is. */
  readonly fatigue: number;
  /** In [0, 1]: how long nothing else than short videos came. */
  readonly boredom: number;
  /** In [−1, 1], a moving average of how the unit liked what it got. */
  readonly satisfaction: number;
  /** Requests since the last inserted stream; null: none in this session. */
  readonly requestsSinceLive: number | null;
}

export const freshState: UnitState = { fatigue: 0, boredom: 0, satisfaction: 0, requestsSinceLive: null };

/** The situation of one request, before an action is chosen. */
export interface RequestContext {
  readonly hour: number;
  /** q in [0, 1], the live candidate's true quality. */
  readonly quality: number;
  readonly candidateScore: number;
}

export interface Outcome {
  readonly isEntered: boolean;
  readonly liveWatchSeconds: number;
  readonly shortWatchSeconds: number;
  readonly isLiked: boolean;
  readonly isHidden: boolean;
  readonly isSessionEnd: boolean;
  readonly after: UnitState;
}

/** All noise of one response, drawn before the action is looked at: common random numbers across actions. */
interface Noise {
  readonly enter: number;
  readonly live: number;
  readonly short: number;
  readonly like: number;
  readonly hide: number;
  readonly leave: number;
}

const drawNoise = (random: Random): Noise => ({
  enter: random.uniform(),
  live: random.normal(),
  short: random.normal(),
  like: random.uniform(),
  hide: random.uniform(),
  leave: random.uniform(),
});

/** What the unit does after `action` in this situation; the same `random` gives paired outcomes across actions. */
export function respond(
  config: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  request: RequestContext,
  action: string,
  random: Random,
): Outcome {
  const noise = drawNoise(random);
  const isInserted = action !== NULL_ACTION;
  const isEntered = isInserted && noise.enter < enterProbability(config, unit, state, request);
  const reactions = reactionProbabilities(config, unit, state, isInserted, isEntered);
  return {
    isEntered,
    liveWatchSeconds: isEntered ? liveWatch(config, unit, state, request, noise.live) : 0,
    shortWatchSeconds: shortWatch(config, unit, state, isInserted, noise.short),
    isLiked: noise.like < reactions.like,
    isHidden: noise.hide < reactions.hide,
    isSessionEnd: noise.leave < reactions.leave,
    after: nextState(config, state, isInserted, isEntered),
  };
}

function enterProbability(
  { live }: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  request: RequestContext,
): number {
  const evening = request.hour >= 19 && request.hour <= 23 ? live.enterEvening : 0;
  return logistic(
    live.enterIntercept +
      live.enterInterest * unit.liveInterest +
      live.enterQuality * (request.quality - 0.5) -
      live.enterFatigue * state.fatigue +
      evening,
  );
}

/** Log-normal, so most watches are short and a few last until the cap. */
function liveWatch(
  { live }: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  request: RequestContext,
  z: number,
): number {
  const logSeconds =
    Math.log(live.watchMedianSeconds) +
    live.watchInterest * unit.liveInterest +
    live.watchQuality * (request.quality - 0.5) +
    live.watchSigma * z;
  return Math.min(live.watchCapSeconds, Math.exp(logSeconds) * (1 - 0.5 * state.fatigue));
}

function shortWatch(
  { short }: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  isInserted: boolean,
  z: number,
): number {
  const logNoise = short.sigma * z - (short.sigma * short.sigma) / 2;
  return (
    short.meanSeconds *
    Math.exp(unit.shortInterest + logNoise) *
    (isInserted ? 1 - short.displacedShare : 1) *
    (1 - short.boredomLoss * state.boredom) *
    (unit.isCellular ? 1 - short.cellularLoss : 1)
  );
}

function reactionProbabilities(
  { reactions: r }: FeedWorldConfig,
  unit: UnitTraits,
  state: UnitState,
  isInserted: boolean,
  isEntered: boolean,
): { readonly like: number; readonly hide: number; readonly leave: number } {
  const touchiness = unit.group.touchiness;
  const unrest = r.leaveBoredom * state.boredom + r.leaveDissatisfied * Math.max(0, -state.satisfaction);
  if (!isInserted) return { like: r.likeNull, hide: r.hideNull, leave: r.leaveNull + unrest };
  if (isEntered) return { like: r.likeEntered, hide: r.hideEntered, leave: r.leaveEntered + unrest };
  return {
    like: r.likeSkipped,
    hide: r.hideSkipped * touchiness,
    leave: r.leaveNull + (r.leaveSkipped - r.leaveNull) * touchiness + unrest,
  };
}

function nextState(
  { dynamics: d }: FeedWorldConfig,
  state: UnitState,
  isInserted: boolean,
  isEntered: boolean,
): UnitState {
  const liked = isEntered ? 1 : isInserted ? -1 : 0.2;
  return {
    fatigue: clamp(state.fatigue * d.fatigueDecay + (isInserted ? d.fatigueGain : 0), 0, 1),
    boredom: clamp(state.boredom * d.boredomDecay + (isInserted ? 0 : d.boredomGain), 0, 1),
    satisfaction: state.satisfaction + d.satisfactionRate * (liked - state.satisfaction),
    requestsSinceLive: isInserted ? 0 : state.requestsSinceLive === null ? null : state.requestsSinceLive + 1,
  };
}
