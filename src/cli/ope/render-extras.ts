import type { OpeResult } from '../../../offline/ope/ope-result.ts';
import { isIntervalRefusal } from '../../core/ope/intervals/interval-result.ts';
import { isPlanRefusal } from '../../core/ope/plan.ts';
import { isRefusal } from '../../core/ope/report.ts';
import { isSelfTestRefusal } from '../../core/ope/self-test/self-test-types.ts';
import { percent, shortNumber } from '../../core/ope/trouble.ts';
import { table } from '../output.ts';
import { digits, intervalText, settingText } from './render-estimates.ts';

/** A row per group, response and estimator: a group is its own population, with its own effective sample. */
export function renderGroups({ groups = [] }: OpeResult): string[] {
  if (groups.length === 0) return [];
  const method = groups.flatMap(({ estimates }) =>
    estimates.flatMap((e) => (isRefusal(e) ? [] : e.intervals.map((interval) => interval.method))),
  )[0];
  const rows = groups.flatMap(({ grouping, label, log, health, estimates }) =>
    estimates.map((e) => {
      const head = [
        `${grouping} = ${label}`,
        `${log.rounds}`,
        shortNumber(health.effectiveSampleSize),
        e.response,
      ];
      if (isRefusal(e)) return [...head, e.estimator, 'refused', '–', e.refusal.code];
      const codes = [...new Set(e.warnings.map(({ code }) => code))].join(', ') || 'none';
      return [...head, e.estimator + settingText(e), digits(e.value), intervalText(e, method ?? ''), codes];
    }),
  );
  const header = [
    'group',
    'rounds',
    'eff. units',
    'response',
    'estimator',
    'value',
    method ?? 'interval',
    'warnings',
  ];
  return [table(header, rows)];
}

const statisticNames = { cdf: 'share ≤', quantile: 'quantile', 'lower-tail-mean': 'mean of lowest' } as const;

export function renderDistribution({ distribution = [] }: OpeResult): string[] {
  if (distribution.length === 0) return [];
  const rows = distribution.flatMap(({ response, statistics }) =>
    statistics.map(({ statistic, value, interval }) => [
      response,
      `${statisticNames[statistic.kind]} ${statistic.at}`,
      digits(value),
      isIntervalRefusal(interval) ? '–' : `[${digits(interval.lower)}, ${digits(interval.upper)}]`,
    ]),
  );
  return [table(['response', 'under the policy', 'value', 'bootstrap'], rows)];
}

export function renderSelfTest({ selfTest = [] }: OpeResult): string[] {
  return selfTest.map((report) => {
    if (isSelfTestRefusal(report))
      return `self-test of ${report.response}: refused, ${report.refusal.reason}`;
    const rows = report.scores.flatMap(({ estimator, bias, rmse, intervals, answered }) =>
      intervals.map(({ method, coverage }, i) => [
        ...(i === 0 ? [estimator, `${answered}`, digits(bias), digits(rmse)] : ['', '', '', '']),
        method,
        percent(coverage),
      ]),
    );
    const header = ['estimator', 'answered', 'bias', 'rmse', 'interval', 'coverage'];
    return [
      `self-test of ${report.response} (${report.replicates} replicates): ${report.advice.sentence}`,
      table(header, rows),
    ].join('\n');
  });
}

export function renderPlan({ plan = [] }: OpeResult): string[] {
  return plan.map((report) => {
    if (isPlanRefusal(report)) return `plan for ${report.response}: refused, ${report.refusal.reason}`;
    const count = (value: number | null): string => (value === null ? 'never' : `${value}`);
    const rows = report.lines.map((line) => [
      `${line.floor}`,
      count(line.moreDecisions),
      digits(line.lossPerDecision),
      line.totalLoss === null ? '–' : digits(line.totalLoss),
    ]);
    return [
      report.sentence,
      table(['floor', 'more decisions', 'loss per decision', 'total loss'], rows),
    ].join('\n');
  });
}
