import { percent, shortNumber } from '../trouble.ts';
import type { Advice, EstimatorScore, IntervalScore } from './self-test-types.ts';

/** Below this share of answered replicates an estimator is not there when it is needed. */
const ANSWERS = 0.8;
/** Errors this close are equal: the difference is Monte-Carlo noise, and coverage is then worth more. */
const TIE = 1.05;

/**
 * Trust goes to the smallest error among those whose interval covers at its level (of near ties to the smallest shortfall); the
 * interval is the narrowest that covers. Without a covering interval nobody is to be trusted, however small the error.
 */
export function adviceOf(scores: readonly EstimatorScore[], replicates: number): Advice {
  const covering = scores.filter(
    (score) => score.answered >= ANSWERS * replicates && narrowestCovering(score) !== null,
  );
  const distrusted = scores.filter((score) => score.answered > 0 && narrowestCovering(score) === null);
  const smallest = Math.min(...covering.map(({ rmse }) => rmse));
  const [best] = covering
    .filter(({ rmse }) => rmse <= TIE * smallest)
    .sort((a, b) => shortfall(a) - shortfall(b) || a.rmse - b.rmse);
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

/** Of the coverage below its level; more than promised is worth nothing. */
function shortfall(score: EstimatorScore): number {
  const interval = narrowestCovering(score);
  return interval === null ? 1 : Math.max(0, interval.level - interval.coverage);
}

function narrowestCovering({ intervals }: EstimatorScore): IntervalScore | null {
  const covering = intervals.filter((interval) => interval.isCovering);
  return [...covering].sort((a, b) => a.meanWidth - b.meanWidth)[0] ?? null;
}

function praise(score: EstimatorScore, interval: IntervalScore | null, replicates: number): string {
  const held = interval === null ? '' : `${percent(interval.coverage)} (${percent(interval.level)} promised)`;
  return (
    `On logs of this shape trust ${score.estimator} with its ${interval?.method} interval: in ${replicates} replicates it held ` +
    `the truth in ${held}, and none that does has a clearly smaller error (RMSE ${shortNumber(score.rmse)}, ` +
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
