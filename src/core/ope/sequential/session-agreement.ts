import { percentileInterval } from '../bootstrap.ts';
import type { Warning } from '../report.ts';
import { shortNumber } from '../trouble.ts';
import type { SequentialEstimator } from './sequential-estimator.ts';

export interface ComparedEstimate {
  readonly response: string;
  readonly estimator: SequentialEstimator;
  readonly value: number;
  readonly resampled: Float64Array;
}

/**
 * Warns where two estimators of one response and estimand differ by more than chance: the paired bootstrap interval of
 * their difference excludes 0, at a level corrected for the number of pairs (Bonferroni). Clipped estimators are left out:
 * they value another target on purpose. A pair of one that multiplies weights and one that does not accuses the latter,
 * which rests on a model or on states; fitted Q is accused first.
 */
export function sessionDisagreements(compared: readonly ComparedEstimate[], level: number): Warning[][] {
  const warnings: Warning[][] = compared.map(() => []);
  const pairs = pairsOf(compared);
  const corrected = 1 - (1 - level) / Math.max(pairs.length, 1);
  for (const [i, j] of pairs) {
    const [a, b] = [compared[i], compared[j]];
    const difference = a.resampled.map((value, at) => value - b.resampled[at]);
    const interval = percentileInterval(difference, corrected);
    const slack = 1e-12 * Math.max(Math.abs(a.value), Math.abs(b.value));
    if (interval === null || (interval.lower <= slack && interval.upper >= -slack)) continue;
    const bounds = `[${shortNumber(interval.lower)}, ${shortNumber(interval.upper)}]`;
    const names = `${a.estimator.id} − ${b.estimator.id}`;
    const reason = `${names} is in ${bounds} (paired bootstrap, ${pairs.length} pairs): they do not value the same thing`;
    const more = assumptions(a.estimator) - assumptions(b.estimator);
    for (const which of more === 0 ? [i, j] : [more > 0 ? i : j]) {
      warnings[which].push({ code: 'estimators_disagree', reason });
    }
  }
  return warnings;
}

/** How much is assumed beyond right propensities: nothing, Markov states, a right model. */
const assumptions = ({ weights }: SequentialEstimator): number =>
  weights === 'session' ? 0 : weights === 'step' ? 1 : 2;

function pairsOf(compared: readonly ComparedEstimate[]): [number, number][] {
  const isIn = ({ estimator }: ComparedEstimate): boolean =>
    estimator.estimand === 'per-session' && estimator.weights !== 'clipped-session';
  const pairs: [number, number][] = [];
  for (let i = 0; i < compared.length; i++) {
    for (let j = i + 1; j < compared.length; j++) {
      if (compared[i].response !== compared[j].response) continue;
      if (isIn(compared[i]) && isIn(compared[j])) pairs.push([i, j]);
    }
  }
  return pairs;
}
