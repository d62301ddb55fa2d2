import { distributionEstimates } from '../../src/core/ope/distribution/distribution-estimates.ts';
import { examine } from '../../src/core/ope/examination.ts';
import { clipAt, shrinkWeights } from '../../src/core/ope/shrinkage.ts';
import type { LoadedLog } from './loaded-log.ts';
import type { DistributionAnswer } from './ope-result.ts';
import type { OpeQuestion } from './question.ts';

/** CDF, quantiles and tail means of every response under π; nothing where the log is unusable or a response is not finite. */
export function distributionAnswers(
  { log, policy, locate }: LoadedLog,
  { options, statistics }: OpeQuestion,
): DistributionAnswer[] {
  const { clip, limits } = options;
  const { unusable, weights } = examine(log, policy, { locate, ...(limits === undefined ? {} : { limits }) });
  if (unusable !== null) return [];
  const clipped = typeof clip === 'number' ? shrinkWeights(log, weights, clipAt(clip)) : weights;
  return [...log.responses].flatMap(([response, responses]) => {
    if (!responses.every(Number.isFinite)) return [];
    const sample = { responses, weights: clipped, units: log.units, unitCount: log.unitCount };
    return [{ response, statistics: distributionEstimates(sample, statistics, options) }];
  });
}
