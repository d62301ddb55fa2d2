import type { Random } from '../../core/math/random.ts';
import {
  enterProbability,
  reactionProbabilities,
  respond,
  type Situation,
  type UnitState,
} from '../outcome.ts';
import type { Draws } from '../streams.ts';

/** What follows an action in a cell, averaged over the situations in it. */
export interface CellOutcome {
  readonly means: Readonly<Record<string, number>>;
  /** Where a unit goes that stays; masses sum to the probability that it stays. */
  readonly after: readonly { readonly mass: number; readonly state: UnitState }[];
}

/** Nothing inserted, entered or skipped. */
interface Branch {
  readonly weight: number;
  readonly inserted: number;
  readonly isEntered: boolean;
}

/**
 * Nothing inserted, entered and skipped are branches with their exact probabilities, and so are events and leaving; only
 * watch times are averages over the situations' noise, which is the same for every action and cell with the same
 * `random`.
 */
export function cellOutcomes(situations: readonly Situation[], action: number, random: Random): CellOutcome {
  const means = {
    watch_seconds: 0,
    live_watch_seconds: 0,
    short_watch_seconds: 0,
    like: 0,
    follow: 0,
    hide: 0,
  };
  const after = new Map<string, { mass: number; state: UnitState }>();
  situations.forEach((situation, i) => {
    const { positions, dynamics } = situation.config;
    for (const { weight, inserted, isEntered } of branchesOf(situation, action)) {
      const w = weight / situations.length;
      const costShare = inserted > 0 ? positions.costShare ** (inserted - 1) : 0;
      const reactions = reactionProbabilities(situation, inserted > 0, isEntered, costShare);
      const outcome = respond(situation, inserted, forced(isEntered, random.fork(`${i}`)));
      means.watch_seconds += w * (outcome.liveWatchSeconds + outcome.shortWatchSeconds);
      means.live_watch_seconds += w * outcome.liveWatchSeconds;
      means.short_watch_seconds += w * outcome.shortWatchSeconds;
      means.like += w * reactions.like;
      means.follow += w * Math.min(1, reactions.follow);
      means.hide += w * Math.min(1, reactions.hide);
      const stay = (1 - Math.min(1, reactions.leave)) * (1 - 1 / dynamics.maxRequests);
      const key = `${inserted}/${isEntered}`;
      const known = after.get(key) ?? { mass: 0, state: outcome.after };
      after.set(key, { ...known, mass: known.mass + w * stay });
    }
  });
  return { means, after: [...after.values()] };
}

/** Inserting where there is no candidate does nothing, in the proportion in which that happens. */
function branchesOf(situation: Situation, action: number): Branch[] {
  if (action === 0) return [{ weight: 1, inserted: 0, isEntered: false }];
  const { availableShare } = situation.config.live;
  const entering = enterProbability(situation, action);
  return [
    { weight: availableShare * entering, inserted: action, isEntered: true },
    { weight: availableShare * (1 - entering), inserted: action, isEntered: false },
    { weight: 1 - availableShare, inserted: 0, isEntered: false },
  ].filter(({ weight }) => weight > 0);
}

/** The first number decides whether a stream is entered (`respond`). */
function forced(isEntered: boolean, draws: Draws): Draws {
  let isFirst = true;
  return {
    uniform() {
      const u = draws.uniform();
      if (!isFirst) return u;
      isFirst = false;
      return isEntered ? 0 : 1 - 2 ** -53;
    },
    normal: () => draws.normal(),
  };
}
