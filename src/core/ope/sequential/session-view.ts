import type { EvaluationPolicy } from '../bandit-log.ts';
import type { Trouble } from '../trouble.ts';
import type { DiceSettings } from './dice-settings.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential-log.ts';
import type { WeightClip } from './session-weights.ts';
import type { RowValues } from './value-tables.ts';

/** What an estimator of sessions may look at, for one response. */
export interface SessionView {
  readonly log: SequentialLog;
  readonly policy: EvaluationPolicy;
  /** H. */
  readonly horizon: number;
  /** log w₀:ₜ on every row. */
  readonly logWeights: Float64Array;
  readonly responses: Float64Array;
  /** Q and V, or why there are none. */
  readonly values: RowValues | Trouble;
  readonly settings: SequentialSettings;
  /** Columns that do not depend on the response, by name: computed once, resampled once. */
  readonly shared: Map<string, readonly Float64Array[]>;
}

export interface SequentialSettings extends WeightClip {
  /** ρ(s, a) of every row, where the ratios of the marginals are known; else they are estimated from states. */
  readonly marginalRatios?: Float64Array;
  /** k of `spectrumLogWeights`, with given ratios only. */
  readonly marginalLookback: number;
  readonly dice: DiceSettings;
  /** Largest share of π that `dice` may have on cells without rows. */
  readonly maxUnseenShare: number;
  /** Resamples and seed of MAGIC's inner interval. */
  readonly magicResamples: number;
  readonly seed: number;
}

export function sharedColumns(
  view: SessionView,
  name: string,
  build: () => readonly Float64Array[],
): readonly Float64Array[] {
  const known = view.shared.get(name);
  if (known !== undefined) return known;
  const columns = build();
  view.shared.set(name, columns);
  return columns;
}

/** Number of sessions by unit. */
export const sessionCounts = (view: SessionView): Float64Array =>
  sharedColumns(view, 'sessions', () => [sumSessionsByUnit(view.log, () => 1)])[0];

/** Σ over a session's rows of γᵗ `term(row, t)`, by unit. */
export function discountedSums(
  { log }: SessionView,
  term: (row: number, step: number) => number,
): Float64Array {
  return sumSessionsByUnit(log, (j) => {
    let sum = 0;
    let factor = 1;
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) {
      sum += factor * term(i, i - log.starts[j]);
      factor *= log.discount;
    }
    return sum;
  });
}

/**
 * One column per step t = 0 … H − 1: the sum over a unit's sessions of `term(row, isEnded)`.
 *
 * Absorbing convention: a session that has ended stays where it is, with its last cumulative weight, reward 0 and
 * Q = V = 0. So `row` is then its last row and `isEnded` is true. (Summing over sessions that still run is another
 * estimator: the mean of the survivors.)
 */
export function stepColumns(
  { log, horizon }: SessionView,
  term: (row: number, isEnded: boolean, step: number) => number,
): Float64Array[] {
  return Array.from({ length: horizon }, (_, t) =>
    sumSessionsByUnit(log, (j) => {
      const row = log.starts[j] + t;
      const end = log.starts[j + 1];
      return row < end ? term(row, false, t) : term(end - 1, true, t);
    }),
  );
}

/** Weights relative to e^this at step t: 0 unless a weight of that step would leave the range of a double. */
export function logScales({ log, horizon }: SessionView, logWeights: Float64Array): Float64Array {
  const scales = new Float64Array(horizon).fill(-Infinity);
  for (let j = 0; j < log.sessionCount; j++) {
    for (let t = 0; t < horizon; t++) {
      const row = Math.min(log.starts[j] + t, log.starts[j + 1] - 1);
      scales[t] = Math.max(scales[t], logWeights[row]);
    }
  }
  return scales.map((largest) => (Number.isFinite(largest) && Math.abs(largest) > SAFE_LOG ? largest : 0));
}

/** exp(±500) leaves room for 10⁹⁰ rows and rewards on either side of the range of a double. */
const SAFE_LOG = 500;
