import { invariant } from '../../check.ts';
import { percentileInterval } from '../bootstrap.ts';
import { refuseInterval, type IntervalResult } from '../intervals/interval-result.ts';
import { drawResampleCounts } from '../resample-counts.ts';
import { WeightedDistribution } from './weighted-distribution.ts';
import { sortedByResponse, type WeightedSample } from './weighted-sample.ts';

/** `cdf` at a response; `quantile` and `lower-tail-mean` (CVaR) at a probability in (0, 1]. */
export interface DistributionStatistic {
  readonly kind: 'cdf' | 'quantile' | 'lower-tail-mean';
  readonly at: number;
}

export const lowerQuartile: DistributionStatistic = { kind: 'quantile', at: 0.25 };

export interface DistributionEstimate {
  readonly statistic: DistributionStatistic;
  /** NaN (null in JSON) when no row carries weight. */
  readonly value: number;
  readonly interval: IntervalResult;
}

const METHOD = 'bootstrap-percentile';

/**
 * Statistics of the response's distribution under π with percentile bootstrap intervals, all from the same resamples of
 * units (weights and normalisation redrawn each time).
 *
 * Asymptotic. Quantiles of a response with few distinct values jump, and their intervals with them (then read the CDF);
 * a far tail with few effective units is not to be trusted.
 *
 * @param sample rows; weights as clipped (the distribution is then that of the clipped target)
 * @param statistics what to estimate
 */
export function distributionEstimates(
  sample: WeightedSample,
  statistics: readonly DistributionStatistic[],
  options: { readonly level: number; readonly resamples: number; readonly seed: number },
): DistributionEstimate[] {
  for (const { kind, at } of statistics) {
    invariant(Number.isFinite(at) && (kind === 'cdf' || (at > 0 && at <= 1)), 'a probability in (0, 1]');
  }
  const { level, resamples, seed } = options;
  const sorted = sortedByResponse(sample);
  const values = statistics.map(() => new Float64Array(resamples));
  const counts = new Uint8Array(sample.unitCount);
  for (let b = 0; b < resamples; b++) {
    drawResampleCounts(seed, b, counts);
    const resampled = new WeightedDistribution(sorted, counts);
    statistics.forEach((statistic, j) => (values[j][b] = valueOf(resampled, statistic)));
  }
  const whole = new WeightedDistribution(sorted);
  return statistics.map((statistic, j) => ({
    statistic,
    value: valueOf(whole, statistic),
    interval: percentileInterval(values[j], level) ?? undefinedInterval(level),
  }));
}

function valueOf(distribution: WeightedDistribution, { kind, at }: DistributionStatistic): number {
  if (kind === 'cdf') return distribution.cdf(at);
  return kind === 'quantile' ? distribution.quantile(at) : distribution.lowerTailMean(at);
}

const undefinedInterval = (level: number): IntervalResult =>
  refuseInterval(
    METHOD,
    level,
    'bootstrap_undefined',
    'some resamples carry no weight at all',
    'more units that carry weight',
  );
