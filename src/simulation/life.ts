import type { FeatureValues } from '../core/surface/surface.ts';
import { featuresOf, freshVisit, type Visit } from './features.ts';
import { freshState, respond, type Outcome, type RequestContext, type UnitState } from './outcome.ts';
import type { UnitStreams } from './streams.ts';
import { clamp, drawHour, drawUnit, logistic, type UnitTraits } from './unit.ts';
import type { FeedWorldConfig } from './world.ts';

/** One unit from its first session on: ask for a request, choose an action, see what follows. */
export interface UnitLife {
  readonly unit: UnitTraits;
  /** Day of the world, from 0. */
  readonly day: number;
  /** Number of the session, from 0; it grows when the first request of the next one waits. */
  readonly session: number;
  /** Number of the waiting request over all sessions, and within its session. */
  readonly index: number;
  readonly step: number;
  readonly hour: number;
  readonly isLiveAvailable: boolean;
  /** Features of the request that waits for an action; null: the unit does not come any more. */
  request(): FeatureValues | null;
  /** Answers the waiting request (0: nothing, k: a stream at position k) and moves on to the next one. */
  act(action: number): Outcome;
}

/**
 * Day by day: a session on the day of arrival, then one on each following day of `days.count` on which the unit comes back.
 * Request k of a unit meets the same candidate and the same noise whatever was chosen before.
 *
 * @param firstDay day of arrival; null: the unit's own, uniform over `drift.arrivalDays`
 */
export function createLife(
  config: FeedWorldConfig,
  unitId: string,
  streams: UnitStreams,
  firstDay: number | null = null,
): UnitLife {
  return new Life(config, drawUnit(config, unitId, streams.unit()), streams, firstDay);
}

class Life implements UnitLife {
  readonly unit: UnitTraits;
  readonly #config: FeedWorldConfig;
  readonly #streams: UnitStreams;
  readonly #arrival: number;
  #state: UnitState = freshState;
  #visit: Visit = freshVisit;
  #context: RequestContext;
  #day = 0;
  #hour: number;
  #isOver = false;
  session = 0;
  index = 0;
  step = 0;

  constructor(config: FeedWorldConfig, unit: UnitTraits, streams: UnitStreams, firstDay: number | null) {
    this.#config = config;
    this.unit = unit;
    this.#streams = streams;
    this.#arrival = firstDay ?? unit.arrivalDay;
    this.#hour = unit.firstHour;
    this.#context = this.#drawContext();
  }

  get day(): number {
    return this.#arrival + this.#day;
  }

  get hour(): number {
    return this.#context.hour;
  }

  get isLiveAvailable(): boolean {
    return this.#context.isLiveAvailable;
  }

  request(): FeatureValues | null {
    if (this.#isOver) return null;
    return featuresOf(this.#config, this.unit, this.#state, this.#visit, this.#context, this.step);
  }

  act(action: number): Outcome {
    const served = this.#context.isLiveAvailable ? action : 0;
    const situation = { config: this.#config, unit: this.unit, state: this.#state, request: this.#context };
    const outcome = respond(situation, served, this.#streams.outcome(this.index));
    this.#state = outcome.after;
    this.#visit = {
      inserted: this.#visit.inserted + (served > 0 ? 1 : 0),
      skipped: this.#visit.skipped + (served > 0 && !outcome.isEntered ? 1 : 0),
      lastShortSeconds: outcome.shortWatchSeconds,
    };
    this.index++;
    this.step++;
    const isSessionEnd = outcome.isSessionEnd || this.step >= this.#config.dynamics.maxRequests;
    const isReturning = isSessionEnd && this.#nextDays();
    if (!this.#isOver) this.#context = this.#drawContext();
    // Written out: a spread takes as long as the whole response.
    return {
      isEntered: outcome.isEntered,
      liveWatchSeconds: outcome.liveWatchSeconds,
      shortWatchSeconds: outcome.shortWatchSeconds,
      isLiked: outcome.isLiked,
      isFollowed: outcome.isFollowed,
      isHidden: outcome.isHidden,
      isSessionEnd,
      isReturning,
      after: outcome.after,
    };
  }

  /** Moves on to the day of the next session, if there is one; answers whether it is the very next day. */
  #nextDays(): boolean {
    const { count, returnIntercept, returnSatisfaction, satisfactionKept } = this.#config.days;
    let isNextDay = false;
    for (let later = 1; ; later++) {
      const logit =
        returnIntercept + returnSatisfaction * this.#state.satisfaction + this.unit.group.returnShift;
      this.#state = { ...freshState, satisfaction: satisfactionKept * this.#state.satisfaction };
      this.#day++;
      const draws = this.#streams.day(this.#day);
      const isBack = draws.uniform() < logistic(logit);
      if (later === 1) isNextDay = isBack;
      if (this.#day >= count) {
        this.#isOver = true;
        return isNextDay;
      }
      if (!isBack) continue;
      this.#hour = drawHour(this.#config.hours.weights, draws.uniform());
      this.session++;
      this.step = 0;
      this.#visit = freshVisit;
      return isNextDay;
    }
  }

  #drawContext(): RequestContext {
    const { interest, dynamics, drift, live } = this.#config;
    const draws = this.#streams.request(this.index);
    const drawn = draws.uniform();
    const quality = drift.qualityPerDay === 0 ? drawn : clamp(drawn + drift.qualityPerDay * this.day, 0, 1);
    const score = clamp(quality + interest.scoreNoise * draws.normal(), 0, 1);
    const isLiveAvailable = live.availableShare === 1 || draws.uniform() < live.availableShare;
    const elapsedHours = Math.floor((this.step * dynamics.secondsBetweenRequests) / 3600);
    return {
      hour: (this.#hour + elapsedHours) % 24,
      isLiveAvailable,
      quality,
      candidateScore: isLiveAvailable ? score : 0,
      liveInterestShift: drift.liveInterestPerDay * this.day,
      touchinessFactor: Math.exp(drift.touchinessPerDay * this.day),
    };
  }
}
