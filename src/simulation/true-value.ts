import type { Random } from '../core/math/random.ts';
import { createLife } from './life.ts';
import { drawPosition, toActionPolicy, type ActionPolicy, type LivePolicy } from './policies.ts';
import { responseNames, writeResponses } from './responses.ts';
import { CountedStreams } from './streams.ts';
import type { FeedWorldConfig } from './world.ts';

export type { LivePolicy } from './policies.ts';

export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** A ratio's error by the delta method over units k: √(Σ (Y_k − V n_k)²) / Σ n_k. */
export interface TrueValue extends Estimate {
  /** `value` is Σ responses / Σ decisions; these are per session and per unit (all its days). */
  readonly perSession: Estimate;
  readonly perUnit: Estimate;
  readonly units: number;
  readonly decisions: number;
  readonly sessions: number;
}

export interface TruthOptions {
  readonly units: number;
  readonly random: Random;
  /** All units arrive on this day (what drift has made of the world by then); left out: as they arrive in the log. */
  readonly day?: number;
}

/**
 * The true value of a policy in its own state distribution, by Monte-Carlo over `units` lives, per response (and per
 * `live_share`, the share of decisions with a stream). Every policy run with the same `random` meets the same units,
 * candidates and noise (common random numbers).
 */
export function trueValues(
  config: FeedWorldConfig,
  policy: LivePolicy,
  options: TruthOptions,
): ReadonlyMap<string, TrueValue> {
  return trueValuesOf(config, toActionPolicy(policy), options);
}

/** `trueValues` of a policy that tells K positions apart. */
export function trueValuesOf(
  config: FeedWorldConfig,
  policy: ActionPolicy,
  options: TruthOptions,
): ReadonlyMap<string, TrueValue> {
  const { units } = options;
  const names = [...responseNames, 'live_share'];
  const totals = names.map(() => new Float64Array(units));
  const decisions = new Float64Array(units);
  const sessions = new Float64Array(units);
  const streams = new CountedStreams(options.random.fork('true-values'));
  const probabilities = new Float64Array(config.positions.count + 1);
  const responses = new Float64Array(names.length);
  for (let k = 0; k < units; k++) {
    const life = createLife(config, `u${k}`, streams.of(k), options.day ?? null);
    for (let features = life.request(); features !== null; features = life.request()) {
      const isLiveAvailable = life.isLiveAvailable;
      policy(features, probabilities);
      const action = drawPosition(probabilities, streams.policy(life.index).uniform());
      writeResponses(life.act(action), responses);
      responses[names.length - 1] = action > 0 && isLiveAvailable ? 1 : 0;
      for (let r = 0; r < totals.length; r++) totals[r][k] += responses[r];
      decisions[k]++;
    }
    sessions[k] = life.session + 1;
  }
  return new Map(names.map((name, r) => [name, summary(totals[r], decisions, sessions)]));
}

/** `trueValues` of one response. */
export function trueValue(
  config: FeedWorldConfig,
  policy: LivePolicy,
  response: string,
  options: TruthOptions,
): TrueValue {
  const value = trueValues(config, policy, options).get(response);
  if (value === undefined) throw new RangeError(`the feed world has no response named ${response}`);
  return value;
}

function summary(totals: Float64Array, decisions: Float64Array, sessions: Float64Array): TrueValue {
  return {
    ...ratio(totals, decisions),
    perSession: ratio(totals, sessions),
    perUnit: ratio(totals, new Float64Array(totals.length).fill(1)),
    units: totals.length,
    decisions: sum(decisions),
    sessions: sum(sessions),
  };
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

function ratio(totals: Float64Array, counts: Float64Array): Estimate {
  const n = sum(counts);
  const value = sum(totals) / n;
  let squares = 0;
  for (let k = 0; k < totals.length; k++) squares += (totals[k] - value * counts[k]) ** 2;
  return { value, standardError: Math.sqrt(squares) / n };
}
