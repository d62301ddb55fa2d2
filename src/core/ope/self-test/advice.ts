import { percent, shortNumber } from '../trouble.ts';
import type { Advice, EstimatorScore, IntervalScore } from './self-test-types.ts';

/** Below this share of answered replicates an estimator is not there when it is needed. */
const ANSWERS = 0.8;

/**
 * Trust goes to the smallest error among those whose interval covers at its level; the covering interval of one estimator
 * is the narrowest. An estimator without a covering interval is not to be trusted, however small its error.
 */
export function adviceOf(scores: readonly EstimatorScore[], replicates: number): Advice {
  const covering = scores.filter(
    (score) => score.answered >= ANSWERS * replicates && narrowestCovering(score) !== null,
  );
  const distrusted = scores.filter((score) => score.answered > 0 && narrowestCovering(score) === null);
  const [best] = [...covering].sort((a, b) => a.rmse - b.rmse);
  const interval = best === undefined ? null : narrowestCovering(best);
  const warning = distrusted.length === 0 ? '' : ` Do not trust ${distrusted.map(missOf).join(', ')}.`;
  return {
    trusted:
      best === undefined || interval === null
        ? null
        : { estimator: best.estimator, interval: interval.method },
    distrusted: distrusted.map(({ estimator }) => estimator),
    sentence: (best === undefined ? nobody(scores) : praise(best, interval, replicates)) + warning,
  };
}

function narrowestCovering({ intervals }: EstimatorScore): IntervalScore | null {
  const covering = intervals.filter((interval) => interval.isCovering);
  return [...covering].sort((a, b) => a.meanWidth - b.meanWidth)[0] ?? null;
}

function praise(score: EstimatorScore, interval: IntervalScore | null, replicates: number): string {
  const held = interval === null ? '' : `${percent(interval.coverage)} (${percent(interval.level)} promised)`;
  return (
    `On logs of this shape trust ${score.estimator} with its ${interval?.method} interval: in ${replicates} replicates it held ` +
    `the truth in ${held}, with the smallest error of those that do (RMSE ${shortNumber(score.rmse)}, ` +
    `bias ${shortNumber(score.bias)} ± ${shortNumber(score.biasError)}).`
  );
}

function missOf(score: EstimatorScore): string {
  const best = [...score.intervals].sort((a, b) => b.coverage - a.coverage)[0];
  return best === undefined
    ? `${score.estimator} (no interval)`
    : `${score.estimator} (held it in ${percent(best.coverage)})`;
}

function nobody(scores: readonly EstimatorScore[]): string {
  return scores.every(({ answered }) => answered === 0)
    ? 'On logs of this shape no estimator answers: every replicate is refused.'
    : 'On logs of this shape no estimator has an interval that holds what it promises: the log is too small or its weights too heavy.';
}
