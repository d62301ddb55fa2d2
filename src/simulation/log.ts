import { createRandom } from '../core/math/random.ts';
import type { FeatureValues } from '../core/surface/surface.ts';
import { createLife, type UnitLife } from './life.ts';
import { receivedResponses } from './lossy-feedback.ts';
import { behaviorPolicy, drawPosition, toActionPolicy, type ActionPolicy } from './policies.ts';
import { loggedProbabilities } from './propensity-log.ts';
import { responseValues } from './responses.ts';
import { CountedStreams } from './streams.ts';
import type { FeedWorldConfig } from './world.ts';

export { behaviorPolicy } from './policies.ts';

/** One decision as a log holds it. */
export interface SimulatedDecision {
  readonly unitId: string;
  readonly sessionId: string;
  readonly decisionId: string;
  /** ms since the epoch. */
  readonly decidedAt: number;
  readonly features: FeatureValues;
  readonly defaulted: string[];
  /** By action, in the order of the surface. */
  readonly eligible: boolean[];
  readonly action: number;
  /** As logged: the world may have a fault in its propensity log. */
  readonly propensity: number;
  readonly probabilities: number[];
  /** By response name, as far as their events came. */
  readonly responses: Record<string, number>;
  /** False: the events came too late, the responses are defaults and say nothing. */
  readonly isComplete: boolean;
  /** The session ended here. */
  readonly done: boolean;
  /** The next row is the session's next decision. */
  readonly hasNext: boolean;
}

export interface LogOptions {
  readonly units: number;
  readonly seed: number;
  /** Who decides; left out: the world's behaviour policy. */
  readonly policy?: ActionPolicy;
}

/** Day 0 of every world. */
export const WORLD_START = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;

/** The log of `units` lives under a policy, ordered by unit and time. The same seed gives the same log. */
export function simulateLog(config: FeedWorldConfig, options: LogOptions): SimulatedDecision[] {
  const rows: SimulatedDecision[] = [];
  for (const row of simulateRows(config, options)) rows.push(row);
  return rows;
}

/** `simulateLog`, row by row. */
export function* simulateRows(config: FeedWorldConfig, options: LogOptions): Generator<SimulatedDecision> {
  const policy = options.policy ?? toActionPolicy(behaviorPolicy(config));
  const streams = new CountedStreams(createRandom(options.seed).fork('log'));
  for (let k = 0; k < options.units; k++) {
    const unitId = `u${String(k).padStart(7, '0')}`;
    const life = createLife(config, unitId, streams.of(k));
    for (let features = life.request(); features !== null; features = life.request())
      yield decide(config, life, features, policy, streams);
  }
}

function decide(
  config: FeedWorldConfig,
  life: UnitLife,
  features: FeatureValues,
  policy: ActionPolicy,
  streams: CountedStreams,
): SimulatedDecision {
  const { index, session, isLiveAvailable } = life;
  const { unitId } = life.unit;
  const decidedAt = timeOf(config, life);
  const probabilities = new Float64Array(config.positions.count + 1);
  policy(features, probabilities);
  if (!isLiveAvailable) probabilities.fill(0).fill(1, 0, 1);
  const action = drawPosition(probabilities, streams.policy(index).uniform());
  const outcome = life.act(action);
  const draws = streams.log(index);
  const logged = loggedProbabilities(config.propensityLog, probabilities, isLiveAvailable, draws);
  const received = receivedResponses(config.feedback, responseValues(outcome), outcome.isEntered, draws);
  return {
    unitId,
    sessionId: `${unitId}-s${session}`,
    decisionId: `${unitId}-${index}`,
    decidedAt,
    features,
    defaulted: [],
    eligible: Array.from(probabilities, (_, a) => a === 0 || isLiveAvailable),
    action,
    propensity: logged[action],
    probabilities: logged,
    responses: received.responses,
    isComplete: received.isComplete,
    done: outcome.isSessionEnd,
    hasNext: !outcome.isSessionEnd,
  };
}

/** Sessions start within their hour, at a time that differs from unit to unit, and requests follow at a fixed pace. */
function timeOf({ dynamics }: FeedWorldConfig, { day, hour, step, unit }: UnitLife): number {
  const elapsed = step * dynamics.secondsBetweenRequests * 1000;
  const startHour = hour - Math.floor(elapsed / 3_600_000);
  const withinHour = Math.floor(3_600_000 * ((unit.liveAffinity * 1e6) % 1) * 0.5);
  return WORLD_START + day * DAY_MS + startHour * 3_600_000 + withinHour + elapsed;
}
