import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { refuseAll, reportOf } from './evaluate-log.ts';
import { examine } from './examination.ts';
import { checkOptions, chosenIds, type OpeOptions } from './ope-options.ts';
import type { OpeReport } from './report.ts';
import { selectLogRows } from './select-log-rows.ts';

/** A division of the rows that was fixed before the decision (an activity group, a segment), never after it. */
export interface Grouping {
  readonly name: string;
  /** The group of every row, from 0; negative: in none. */
  readonly index: Int32Array;
  readonly labels?: readonly string[];
}

export interface GroupReport {
  readonly grouping: string;
  readonly group: number;
  readonly label: string;
  readonly report: OpeReport;
}

export interface GroupedReport {
  readonly overall: OpeReport;
  /** By grouping, then by group; every response is in each. */
  readonly groups: readonly GroupReport[];
}

/**
 * Values a policy overall and in every group, for all responses at once. Weights are computed once. Each group has health,
 * warnings and refusals of its own, so a group may be refused that the whole is not; where the whole log is refused, so is
 * every group: its columns contradict each other.
 *
 * A group's estimate is the value among its own decisions. The intervals of groups are not corrected for their number.
 */
export function evaluateByGroup(
  log: BanditLog,
  policy: EvaluationPolicy,
  groupings: readonly Grouping[],
  options: OpeOptions,
): GroupedReport {
  checkOptions(options);
  const examination = examine(log, policy, options);
  const overall = reportOf(log, policy, examination, options);
  const groups = groupings.flatMap((grouping) =>
    rowsByGroup(grouping.index).map(([group, rows]): GroupReport => {
      const part = selectLogRows(log, policy, options, rows);
      const weights = Float64Array.from(rows, (i) => examination.weights[i]);
      const own = examine(part.log, part.policy, part.options, weights);
      const report = reportOf(part.log, part.policy, own, part.options);
      const { unusable } = examination;
      return {
        grouping: grouping.name,
        group,
        label: grouping.labels?.[group] ?? String(group),
        report:
          unusable === null
            ? report
            : { ...report, estimates: refuseAll(part.log, chosenIds(options), unusable) },
      };
    }),
  );
  return { overall, groups };
}

function rowsByGroup(index: Int32Array): [number, Int32Array][] {
  const rows = new Map<number, number[]>();
  index.forEach((group, i) => {
    if (group < 0) return;
    const known = rows.get(group);
    if (known === undefined) rows.set(group, [i]);
    else known.push(i);
  });
  return [...rows].sort(([a], [b]) => a - b).map(([group, list]) => [group, Int32Array.from(list)]);
}
