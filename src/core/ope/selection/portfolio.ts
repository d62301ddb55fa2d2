import { invariant } from '../../check.ts';
import { ranked, type SelectionCandidate } from './candidate.ts';

/** What a test of the k best candidates by estimate would have met. */
export interface Portfolio {
  readonly k: number;
  readonly names: readonly string[];
  readonly best: number;
  readonly worst: number;
  readonly mean: number;
  /** Of true values over the portfolio, divisor its size; see `sharpeRatio`. */
  readonly deviation: number;
  /** max over all candidates − best: 0 when the k hold the best one. */
  readonly regret: number;
  /** Share of the k whose true value is below the threshold. */
  readonly safetyViolationRate: number;
  /**
   * SharpeRatio@k = (best@k − V(μ)) / std@k over the k candidates and the behavior policy, which is deployed beside them
   * (so it is never negative). Infinite where something better than μ was chosen without any spread, NaN for 0/0.
   */
  readonly sharpeRatio: number;
}

export interface PortfolioOptions {
  /** V(μ), the risk-free baseline. */
  readonly behavior: number;
  /** A true value below it is a violation. */
  readonly threshold: number;
}

/**
 * The k candidates with the largest estimates, judged by their true values. NaN where no candidate has an estimate.
 *
 * Sources: regret@k, Doroudi, Thomas and Brunskill 2017 (SCOPE-RL's code sums over the k instead); SharpeRatio@k and the
 * safety violation rate, Kiyohara, Kishimoto, Kawakami, Kobayashi, Nakata and Saito 2024 (ICLR), "Towards assessing and
 * benchmarking risk-return tradeoff of off-policy evaluation", section 3, as documented in SCOPE-RL: a
 * deviation with the number of policies as divisor, the behavior policy among them.
 *
 * @param k ≥ 1; more than there are estimates takes all of them
 */
export function portfolioOf(
  candidates: readonly SelectionCandidate[],
  k: number,
  { behavior, threshold }: PortfolioOptions,
): Portfolio {
  invariant(Number.isInteger(k) && k >= 1, 'k is at least 1');
  const chosen = ranked(candidates).slice(0, k);
  const truths = chosen.map(({ truth }) => truth);
  const isEmpty = truths.length === 0;
  const best = isEmpty ? NaN : Math.max(...truths);
  const deployed = [...truths, behavior];
  const deviation = isEmpty ? NaN : deviationOf(deployed);
  return {
    k,
    names: chosen.map(({ name }) => name),
    best,
    worst: isEmpty ? NaN : Math.min(...truths),
    mean: meanOf(truths),
    deviation,
    regret: Math.max(...candidates.map(({ truth }) => truth)) - best,
    safetyViolationRate: meanOf(truths.map((truth) => Number(truth < threshold))),
    sharpeRatio: (Math.max(best, behavior) - behavior) / deviation,
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}
