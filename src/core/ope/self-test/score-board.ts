import { isRefusal, type BanditEstimatorId, type Estimate, type OpeReport } from '../report.ts';
import type { EstimatorScore, IntervalScore } from './self-test-types.ts';

/** Collects what every estimator said in every replicate, and scores it against the truth. */
export interface ScoreBoard {
  add(report: OpeReport): void;
  scores(): EstimatorScore[];
}

interface Answers {
  readonly estimates: Estimate[];
  refused: number;
}

export function createScoreBoard(truth: number): ScoreBoard {
  const board = new Map<BanditEstimatorId, Answers>();
  return {
    add: (report) => {
      for (const result of report.estimates) {
        const id = result.estimator as BanditEstimatorId;
        const answers = board.get(id) ?? { estimates: [], refused: 0 };
        board.set(id, answers);
        if (isRefusal(result) || !Number.isFinite(result.value)) answers.refused += 1;
        else answers.estimates.push(result);
      }
    },
    scores: () => [...board].map(([estimator, answers]) => scoreOf(estimator, answers, truth)),
  };
}

function scoreOf(
  estimator: BanditEstimatorId,
  { estimates, refused }: Answers,
  truth: number,
): EstimatorScore {
  const errors = estimates.map(({ value }) => value - truth);
  const bias = mean(errors);
  const squares = mean(errors.map((error) => error * error));
  const spread = Math.sqrt(Math.max(0, squares - bias * bias));
  return {
    estimator,
    answered: estimates.length,
    refused,
    bias,
    biasError: spread / Math.sqrt(Math.max(1, estimates.length - 1)),
    rmse: Math.sqrt(squares),
    meanStandardError: mean(estimates.map(({ standardError }) => standardError)),
    spread,
    intervals: intervalScores(estimates, truth),
  };
}

function intervalScores(estimates: readonly Estimate[], truth: number): IntervalScore[] {
  const levels = new Map<string, number>();
  for (const { intervals } of estimates) for (const { method, level } of intervals) levels.set(method, level);
  return [...levels].map(([method, level]) => {
    const of = estimates.length;
    const found = estimates.flatMap(({ intervals }) => intervals.filter((i) => i.method === method));
    const below = found.filter(({ lower }) => truth < lower).length;
    const above = found.filter(({ upper }) => truth > upper).length;
    const coverage = (found.length - below - above) / of;
    return {
      method,
      level,
      coverage,
      coverageError: Math.sqrt((coverage * (1 - coverage)) / of),
      missedBelow: below / of,
      missedAbove: above / of,
      meanWidth: mean(found.map(({ lower, upper }) => upper - lower)),
      isCovering: coverage >= level - 2 * Math.sqrt((level * (1 - level)) / of),
    };
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, values.length === 0 ? NaN : 0);
