import type { ArrivalFile, ArrivalGroup } from '../../../offline/tabular/arrival-file.ts';
import { judgeArrivals, type ArrivalVerdict } from '../../core/experiment/statistics/arrival-series.ts';
import { clopperPearson } from '../../core/ope/intervals/clopper-pearson.ts';
import { isIntervalRefusal } from '../../core/ope/intervals/interval-result.ts';

export interface JudgedGroup {
  readonly group: ArrivalGroup;
  readonly verdict: ArrivalVerdict;
}

export const judgeGroups = (file: ArrivalFile, alpha: number): JudgedGroup[] =>
  file.groups.map((group) => ({
    group,
    verdict: judgeArrivals(group.variants.length, group.arrivals, alpha),
  }));

export const reasonOf = ({ group, verdict }: JudgedGroup): string | null =>
  verdict.verdict === 'no data' ? (group.reason ?? 'there are no units') : null;

/** What `--json` prints for a group; keys are part of the interface. */
export function groupJson(
  judged: JudgedGroup,
  timeLabel: ArrivalFile['timeLabel'],
  hasTime: boolean,
): Readonly<Record<string, unknown>> {
  const { group, verdict } = judged;
  const byVariant = (values: readonly number[]) =>
    Object.fromEntries(group.variants.map((name, i) => [name, values[i]]));
  return {
    group: group.group,
    verdict: verdict.verdict,
    pValue: verdict.pValue,
    test: verdict.test,
    chiSquarePValue: verdict.chiSquarePValue,
    sequentialPValue: verdict.sequentialPValue,
    firstAlarm: verdict.firstAlarm === null || !hasTime ? null : timeLabel(verdict.firstAlarm),
    looks: verdict.looks,
    observed: byVariant(verdict.observed),
    expected: byVariant(verdict.expected),
    ...(group.period === null ? {} : { period: group.period }),
    ...(reasonOf(judged) === null ? {} : { reason: reasonOf(judged) }),
    ...(group.warnings.length === 0 ? {} : { warnings: group.warnings }),
  };
}

/** How many of the groups with data are off, with the exact interval of that share. */
export interface MismatchShare {
  readonly period: string | null;
  readonly groups: number;
  readonly noData: number;
  readonly mismatches: number;
  /** null without any group that has data. */
  readonly share: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

export function mismatchShare(period: string | null, judged: readonly JudgedGroup[]): MismatchShare {
  const noData = judged.filter(({ verdict }) => verdict.verdict === 'no data').length;
  const mismatches = judged.filter(({ verdict }) => verdict.verdict === 'mismatch').length;
  const known = judged.length - noData;
  const interval = clopperPearson(mismatches, known, { level: 0.95 });
  const counts = { period, groups: judged.length, noData, mismatches };
  if (known === 0 || isIntervalRefusal(interval)) return { ...counts, share: null, lower: null, upper: null };
  return { ...counts, share: mismatches / known, lower: interval.lower, upper: interval.upper };
}

/** By period, in their natural order; empty where no period was named. */
export function byPeriod(judged: readonly JudgedGroup[]): MismatchShare[] {
  const periods = new Map<string, JudgedGroup[]>();
  for (const one of judged) {
    if (one.group.period === null) continue;
    periods.set(one.group.period, [...(periods.get(one.group.period) ?? []), one]);
  }
  return [...periods]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([period, groups]) => mismatchShare(period, groups));
}
