import type { Random } from '../core/math/random.ts';
import type { FeatureValues } from '../core/surface/surface.ts';
import { LIVE_ACTION, NULL_ACTION, type Outcome } from './outcome.ts';
import { responseValues } from './responses.ts';
import { createSession } from './session.ts';
import type { FeedWorldConfig } from './world.ts';

/** Probability of inserting a stream, for a request with these features. */
export type LivePolicy = (features: FeatureValues) => number;

export interface TrueValue {
  /** Σ responses / Σ decisions over all sessions. */
  readonly value: number;
  /** Delta method by unit: √(Σ (Y_k − V n_k)² ) / Σ n_k. */
  readonly standardError: number;
  readonly units: number;
  readonly decisions: number;
}

/**
 * The true per-decision value of a policy in its own state distribution, by Monte-Carlo over `units` sessions.
 * Every policy run with the same `random` meets the same units, candidates and noise (common random numbers).
 */
export function trueValues(
  config: FeedWorldConfig,
  policy: LivePolicy,
  options: { readonly units: number; readonly random: Random },
): ReadonlyMap<string, TrueValue> {
  const totals = new Map<string, Float64Array>();
  const decisions = new Float64Array(options.units);
  for (let k = 0; k < options.units; k++) {
    decisions[k] = runSession(config, policy, `u${k}`, options.random, (outcome) => {
      for (const [name, value] of Object.entries(responseValues(outcome))) {
        const byUnit = totals.get(name) ?? new Float64Array(options.units);
        byUnit[k] += value;
        totals.set(name, byUnit);
      }
    });
  }
  return new Map([...totals].map(([name, byUnit]) => [name, ratio(byUnit, decisions)]));
}

/** `trueValues` of one response. */
export function trueValue(
  config: FeedWorldConfig,
  policy: LivePolicy,
  response: string,
  options: { readonly units: number; readonly random: Random },
): TrueValue {
  const value = trueValues(config, policy, options).get(response);
  if (value === undefined) throw new RangeError(`the feed world has no response named ${response}`);
  return value;
}

function runSession(
  config: FeedWorldConfig,
  policy: LivePolicy,
  unitId: string,
  random: Random,
  see: (outcome: Outcome) => void,
): number {
  const session = createSession(config, unitId, random);
  const draws = random.fork(`policy:${unitId}`);
  let decisions = 0;
  for (let features = session.request(); features !== null; features = session.request()) {
    see(session.act(draws.uniform() < policy(features) ? LIVE_ACTION : NULL_ACTION));
    decisions++;
  }
  return decisions;
}

function ratio(totals: Float64Array, counts: Float64Array): TrueValue {
  const sum = totals.reduce((a, b) => a + b, 0);
  const n = counts.reduce((a, b) => a + b, 0);
  const value = sum / n;
  let squares = 0;
  for (let k = 0; k < totals.length; k++) squares += (totals[k] - value * counts[k]) ** 2;
  return { value, standardError: Math.sqrt(squares) / n, units: totals.length, decisions: n };
}
