import { normalQuantile } from '../core/math/normal.ts';
import { pageSeconds } from './short-videos.ts';
import type { Draws } from './streams.ts';
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
  /** s in [−1, 1], a moving average of how the unit liked what it got. */
  readonly satisfaction: number;
  /** Requests since the last inserted stream; null: none in this session. */
  readonly requestsSinceLive: number | null;
}

export const freshState: UnitState = { fatigue: 0, boredom: 0, satisfaction: 0, requestsSinceLive: null };

/** The situation of one request, before an action is chosen. */
export interface RequestContext {
  readonly hour: number;
  /** Whether there is a live candidate at all. */
  readonly isLiveAvailable: boolean;
  /** q in [0, 1], the live candidate's true quality. */
  readonly quality: number;
  readonly candidateScore: number;
  /** Drift of this day: added to ℓ, and a factor of touchiness. */
  readonly liveInterestShift: number;
  readonly touchinessFactor: number;
}

export interface Outcome {
  readonly isEntered: boolean;
  readonly liveWatchSeconds: number;
  readonly shortWatchSeconds: number;
  readonly isLiked: boolean;
  readonly isFollowed: boolean;
  readonly isHidden: boolean;
  readonly isSessionEnd: boolean;
  /** The session ended and the unit comes back the next day. */
  readonly isReturning: boolean;
  readonly after: UnitState;
}

/** A unit in a situation, to which something is allocated. */
export interface Situation {
  readonly config: FeedWorldConfig;
  readonly unit: UnitTraits;
  readonly state: UnitState;
  readonly request: RequestContext;
}

/**
 * What the unit does after an action: 0 inserts nothing, k ≥ 1 a stream at position k. All noise is drawn before the action
 * is looked at, so the same draws give paired outcomes across actions.
 */
export function respond(situation: Situation, action: number, draws: Draws): Omit<Outcome, 'isReturning'> {
  const { config, state } = situation;
  const enter = draws.uniform();
  const live = draws.uniform();
  const firstVideo = draws.uniform();
  const like = draws.uniform();
  const hide = draws.uniform();
  const leave = draws.uniform();
  const follow = draws.uniform();
  const isInserted = action > 0;
  const costShare = isInserted ? config.positions.costShare ** (action - 1) : 0;
  const isEntered = isInserted && enter < enterProbability(situation, action);
  const reactions = reactionProbabilities(situation, isInserted, isEntered, costShare);
  return {
    isEntered,
    liveWatchSeconds: isEntered ? liveWatch(situation, normalQuantile(live + 2 ** -54)) : 0,
    shortWatchSeconds: shortWatch(situation, isInserted, isEntered, costShare, firstVideo, draws),
    isLiked: like < reactions.like,
    isFollowed: follow < reactions.follow,
    isHidden: hide < reactions.hide,
    isSessionEnd: leave < reactions.leave,
    after: nextState(config, state, isInserted, isEntered, costShare),
  };
}

/** logit⁻¹(intercept + interest · ℓ + quality · (q − ½) − fatigue · f + evening − enterDrop · (k − 1)) */
export function enterProbability(
  { config: { live, hours, positions }, unit, state, request }: Situation,
  position: number,
): number {
  const isEvening = request.hour >= hours.eveningFrom && request.hour <= hours.eveningTo;
  return logistic(
    live.enterIntercept +
      live.enterInterest * (unit.liveInterest + request.liveInterestShift) +
      live.enterQuality * (request.quality - 0.5) -
      live.enterFatigue * state.fatigue +
      (isEvening ? live.enterEvening : 0) -
      positions.enterDrop * (position - 1),
  );
}

/** Log-normal, so most watches are short and a few last until the cap. */
function liveWatch({ config: { live }, unit, state, request }: Situation, z: number): number {
  const logSeconds =
    Math.log(live.watchMedianSeconds) +
    live.watchInterest * (unit.liveInterest + request.liveInterestShift) +
    live.watchQuality * (request.quality - 0.5) +
    live.watchSigma * z;
  return Math.min(live.watchCapSeconds, Math.exp(logSeconds) * (1 - live.watchFatigue * state.fatigue));
}

function shortWatch(
  { config: { short }, unit, state }: Situation,
  isInserted: boolean,
  isEntered: boolean,
  costShare: number,
  firstVideo: number,
  draws: Draws,
): number {
  const displaced = isEntered ? short.displacedEntered : short.displacedSkipped;
  return (
    pageSeconds(short, unit.shortInterest, firstVideo, draws) *
    (isInserted ? 1 - displaced * costShare : 1) *
    (1 - short.boredomLoss * state.boredom) *
    (1 - short.dissatisfiedLoss * Math.max(0, -state.satisfaction)) *
    (unit.isCellular ? 1 - short.cellularLoss : 1)
  );
}

/** Everything but short-video time: how likely each reaction to the page is. */
export function reactionProbabilities(
  { config: { reactions: r }, unit, state, request }: Situation,
  isInserted: boolean,
  isEntered: boolean,
  costShare: number,
): { readonly like: number; readonly follow: number; readonly hide: number; readonly leave: number } {
  const s = state.satisfaction;
  const unrest =
    r.leaveBoredom * state.boredom +
    r.leaveDissatisfied * Math.max(0, -s) +
    r.leaveFatigue * state.fatigue -
    r.leaveSatisfied * Math.max(0, s);
  const { followFactor } = unit;
  if (!isInserted)
    return {
      like: r.likeNull,
      follow: r.followNull * followFactor,
      hide: r.hideNull,
      leave: leaving(r.leaveNull, unrest),
    };
  if (isEntered)
    return {
      like: r.likeEntered,
      follow: r.followEntered * followFactor,
      hide: r.hideEntered,
      leave: leaving(r.leaveEntered, unrest),
    };
  const touchiness = unit.group.touchiness * request.touchinessFactor;
  return {
    like: r.likeNull + (r.likeSkipped - r.likeNull) * costShare,
    follow: (r.followNull + (r.followSkipped - r.followNull) * costShare) * followFactor,
    hide:
      costShare === 1
        ? r.hideSkipped * touchiness
        : r.hideNull + (r.hideSkipped * touchiness - r.hideNull) * costShare,
    leave: leaving(r.leaveNull + (r.leaveSkipped - r.leaveNull) * touchiness * costShare, unrest),
  };
}

/** Satisfaction takes from leaving, but not below 0.005. */
const leaving = (base: number, unrest: number): number => Math.max(Math.min(base, 0.005), base + unrest);

function nextState(
  { dynamics: d }: FeedWorldConfig,
  state: UnitState,
  isInserted: boolean,
  isEntered: boolean,
  costShare: number,
): UnitState {
  const liked = isEntered ? d.satisfactionEntered : isInserted ? d.satisfactionSkipped : d.satisfactionNull;
  return {
    fatigue: clamp(state.fatigue * d.fatigueDecay + (isInserted ? d.fatigueGain * costShare : 0), 0, 1),
    boredom: clamp(state.boredom * d.boredomDecay + (isInserted ? 0 : d.boredomGain), 0, 1),
    satisfaction: state.satisfaction + d.satisfactionRate * (liked - state.satisfaction),
    requestsSinceLive: isInserted ? 0 : state.requestsSinceLive === null ? null : state.requestsSinceLive + 1,
  };
}
