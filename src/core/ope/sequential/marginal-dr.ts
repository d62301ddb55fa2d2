import type { EvaluationPolicy } from '../bandit-log.ts';
import type { Trouble } from '../trouble.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential-log.ts';
import { isTrouble } from './sequential-estimator.ts';
import { rowValues } from './value-tables.ts';

/** A policy with what is needed to value it from the sessions of another one; both fitted on other units. */
export interface SessionSide {
  readonly policy: EvaluationPolicy;
  /** ωₜ = d^π(sₜ, aₜ) / d^μ(sₜ, aₜ) of every row, ≥ 0: how often a session of π passes here, over how often one of μ does. */
  readonly ratios: Float64Array;
  /** Steps before which ω trusts the fitted ratio; up to there it is the product of weights. Infinity: the product throughout. */
  readonly lookback: number;
  /** Q(s, a) by response, rounds × K; under `DECISIONS` that of a response of 1 per decision. */
  readonly actionValues: ReadonlyMap<string, Float64Array>;
}

/** A response that every decision has: its total is the length of a session. No declared response is named so. */
export const DECISIONS = '#decisions';

/**
 * Marginal doubly robust value of a session ("double reinforcement learning"), summed by unit.
 *
 *   V̂ = (1/n) Σᵢ Σₜ [ωₜ (rₜ − Q(sₜ, aₜ)) + ωₜ₋₁ V(sₜ)],   V(s) = Σₐ π(a∣s) Q(s, a),   ω₋₁ = 1,   no discount
 *
 * Sequential doubly robust with the ratio of visits in place of the product of weights, so that its variance does not grow
 * with the length of sessions as that product does. Its error is of the order of (error of ω) × (error of Q): right where
 * either is, and each unit's sum is its influence, so that resampling units gives an interval which covers when both errors
 * are small against 1/√units. Fails where both are wrong, and where π goes where μ hardly does.
 *
 * States that hide what matters (a mood) make both wrong; a look-back of k steps, ωₜ = ρ(sₜ₋ₖ) wₜ₋ₖ … wₜ, then takes the error
 * out that far, and costs variance. k = ∞ is sequential doubly robust.
 *
 * Source: Kallus and Uehara 2020 (JMLR 21), theorem 12, cross-fitted; Yuan et al. 2021 (SOPE) for the look-back.
 *
 * @returns one sum per unit, or why there is none
 */
export function marginalTotals(
  log: SequentialLog,
  side: SessionSide,
  response: string,
): Float64Array | Trouble {
  const rewards = rewardsOf(log, response);
  const actionValues = side.actionValues.get(response);
  const tables = actionValues === undefined ? undefined : { actionValues };
  const values = rowValues(log, side.policy, tables, (row) => `row ${row}`);
  if (isTrouble(values)) return values;
  const { ofState, ofAction } = values;
  const { ratios } = side;
  return sumSessionsByUnit(log, (j) => {
    let sum = 0;
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) {
      const before = i === log.starts[j] ? 1 : ratios[i - 1];
      sum += ratios[i] * (rewards(i) - ofAction[i]) + before * ofState[i];
    }
    return sum;
  });
}

/** The log's own totals, by unit: what its policy is worth, with weights of 1. */
export function ownTotals(log: SequentialLog, response: string): Float64Array {
  const rewards = rewardsOf(log, response);
  const sums = new Float64Array(log.unitCount);
  for (let i = 0; i < log.rounds; i++) sums[log.units[i]] += rewards(i);
  return sums;
}

function rewardsOf(log: SequentialLog, response: string): (row: number) => number {
  if (response === DECISIONS) return () => 1;
  const values = log.responses.get(response) ?? new Float64Array(log.rounds);
  return (row) => values[row];
}
