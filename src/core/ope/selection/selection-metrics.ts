import { invariant } from '../../check.ts';
import { ranked, type SelectionCandidate } from './candidate.ts';
import { portfolioOf, type Portfolio, type PortfolioOptions } from './portfolio.ts';
import { spearman } from './rank-correlation.ts';

export interface SelectionMetrics {
  readonly candidates: number;
  readonly refused: number;
  /** Mean squared error of the estimates. */
  readonly meanSquaredError: number;
  /** Spearman's, over candidates with an estimate. */
  readonly rankCorrelation: number;
  /** Share of the safe ones (truth ≥ threshold) that were judged unsafe: a good policy is kept back. */
  readonly typeIErrorRate: number;
  /** Share of the unsafe ones that were judged safe: a bad policy goes out. */
  readonly typeIIErrorRate: number;
  /** One per k. */
  readonly portfolios: readonly Portfolio[];
}

/**
 * How well an estimator selects among candidates whose truth is known. A refused candidate is never selected and never
 * judged safe. Rates over nobody are NaN (null in JSON), not 0. Error types as in SCOPE-RL: the null hypothesis is "safe".
 *
 * @param ks sizes of the portfolio, each ≥ 1
 */
export function selectionMetrics(
  candidates: readonly SelectionCandidate[],
  { ks, ...options }: PortfolioOptions & { readonly ks: readonly number[] },
): SelectionMetrics {
  invariant(candidates.length > 0, 'at least one candidate');
  const known = ranked(candidates);
  const errors = known.map(({ estimate, truth }) => ((estimate ?? NaN) - truth) ** 2);
  const isSafe = ({ truth }: SelectionCandidate): boolean => truth >= options.threshold;
  const safe = candidates.filter(isSafe);
  const unsafe = candidates.filter((candidate) => !isSafe(candidate));
  const isJudgedSafe = ({ estimate, bound }: SelectionCandidate): boolean =>
    estimate !== null && ((bound === undefined ? estimate : bound) ?? -Infinity) >= options.threshold;
  return {
    candidates: candidates.length,
    refused: candidates.length - known.length,
    meanSquaredError: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    rankCorrelation: spearman(
      known.map(({ estimate }) => estimate ?? NaN),
      known.map(({ truth }) => truth),
    ),
    typeIErrorRate: safe.filter((candidate) => !isJudgedSafe(candidate)).length / safe.length,
    typeIIErrorRate: unsafe.filter(isJudgedSafe).length / unsafe.length,
    portfolios: ks.map((k) => portfolioOf(candidates, k, options)),
  };
}
