import { percentileInterval } from './bootstrap.ts';
import type { Estimator } from './estimator.ts';
import type { Warning } from './report.ts';
import { shortNumber } from './trouble.ts';
import type { Valuation } from './valuation.ts';

/**
 * Warns where two estimators of the same response and estimand differ by more than chance: the paired bootstrap
 * interval of their difference excludes 0, at a level corrected for the number of pairs (Bonferroni).
 *
 * A pair accuses the one that makes the weaker promise: the direct method, whose interval does not see the error of its
 * model, before an estimator with shrunk weights, which values its own target, before an unbiased one. The result is one
 * list of warnings per valuation.
 */
export function disagreements(
  valuations: readonly Valuation[],
  resampled: readonly Float64Array[],
  level: number,
): Warning[][] {
  const warnings: Warning[][] = valuations.map(() => []);
  const pairs = pairsOf(valuations);
  const corrected = 1 - (1 - level) / Math.max(pairs.length, 1);
  for (const [i, j] of pairs) {
    const difference = resampled[i].map((value, b) => value - resampled[j][b]);
    const interval = percentileInterval(difference, corrected);
    // Rounding alone must not be called a disagreement.
    const slack = 1e-12 * Math.max(Math.abs(valuations[i].value), Math.abs(valuations[j].value));
    if (interval === null || (interval.lower <= slack && interval.upper >= -slack)) continue;
    const [a, b] = [valuations[i].estimator, valuations[j].estimator];
    const bounds = `[${shortNumber(interval.lower)}, ${shortNumber(interval.upper)}]`;
    const reason = `${a.id} − ${b.id} is in ${bounds} (paired bootstrap, ${pairs.length} pairs): they do not value the same thing`;
    const [trustA, trustB] = [trustOf(a), trustOf(b)];
    const accused = trustA === trustB ? [i, j] : [trustA > trustB ? j : i];
    for (const which of accused) warnings[which].push({ code: 'estimators_disagree', reason });
  }
  return warnings;
}

const trustOf = ({ usesWeights, shrinkage }: Estimator): number => {
  if (!usesWeights) return 0;
  return shrinkage === undefined || shrinkage === null ? 2 : 1;
};

function pairsOf(valuations: readonly Valuation[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < valuations.length; i++) {
    for (let j = i + 1; j < valuations.length; j++) {
      if (valuations[i].response === valuations[j].response) pairs.push([i, j]);
    }
  }
  return pairs;
}
