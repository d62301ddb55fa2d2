import { createRandom } from '../../../src/core/math/random.ts';
import { DECISIONS } from '../../../src/core/ope/sequential/marginal-dr.ts';
import { createLife } from '../../../src/simulation/life.ts';
import {
  behaviorPolicy,
  drawPosition,
  toActionPolicy,
  type ActionPolicy,
  type LivePolicy,
} from '../../../src/simulation/policies.ts';
import { responseNames, writeResponses } from '../../../src/simulation/responses.ts';
import { CountedStreams } from '../../../src/simulation/streams.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';

/** Mean totals of a session. */
export interface SessionTruth {
  readonly candidate: number;
  readonly behavior: number;
}

/**
 * The true estimand of a gate per session: totals of a session that begins where one of the behaviour policy's begins, and runs
 * under each policy with the same candidates and noise. So every session of a unit is run twice, after the same past.
 */
export function sessionTruth(
  config: FeedWorldConfig,
  policy: LivePolicy,
  options: { readonly units: number; readonly seed: number },
): ReadonlyMap<string, SessionTruth> {
  const names = [...responseNames, DECISIONS];
  const [behavior, candidate] = [behaviorPolicy(config), policy].map(toActionPolicy);
  const streams = new CountedStreams(createRandom(options.seed).fork('session-truth'));
  const sums = { candidate: new Float64Array(names.length), behavior: new Float64Array(names.length) };
  let sessions = 0;
  for (let unit = 0; unit < options.units; unit++) {
    for (let session = 0; ; session++) {
      const run = (which: ActionPolicy): Float64Array | null =>
        totalsOf(config, streams, { unit, session }, { before: behavior, during: which });
      const theirs = run(behavior);
      const mine = run(candidate);
      if (theirs === null || mine === null) break;
      sessions++;
      theirs.forEach((total, r) => (sums.behavior[r] += total));
      mine.forEach((total, r) => (sums.candidate[r] += total));
    }
  }
  const mean = (of: Float64Array, r: number): number => of[r] / sessions;
  return new Map(
    names.map((name, r) => [name, { candidate: mean(sums.candidate, r), behavior: mean(sums.behavior, r) }]),
  );
}

/** null: the unit has no such session. */
function totalsOf(
  config: FeedWorldConfig,
  streams: CountedStreams,
  { unit, session }: { readonly unit: number; readonly session: number },
  policies: { readonly before: ActionPolicy; readonly during: ActionPolicy },
): Float64Array | null {
  const life = createLife(config, `u${unit}`, streams.of(unit));
  const chances = new Float64Array(config.positions.count + 1);
  const responses = new Float64Array(responseNames.length);
  const totals = new Float64Array(responseNames.length + 1);
  let isReached = false;
  for (
    let features = life.request();
    features !== null && life.session <= session;
    features = life.request()
  ) {
    const isHere = life.session === session;
    (isHere ? policies.during : policies.before)(features, chances);
    const action = drawPosition(chances, streams.policy(life.index).uniform());
    writeResponses(life.act(action), responses);
    if (!isHere) continue;
    isReached = true;
    responses.forEach((value, r) => (totals[r] += value));
    totals[responseNames.length] += 1;
  }
  return isReached ? totals : null;
}
