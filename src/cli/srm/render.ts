import type { ArrivalFile } from '../../../offline/tabular/arrival-file.ts';
import { percent, table } from '../output.ts';
import { byPeriod, mismatchShare, reasonOf, type JudgedGroup, type MismatchShare } from './judge-groups.ts';

/** Groups shown unless all are asked for: the worst first. */
const SHOWN = 20;

export function renderSrm(
  judged: readonly JudgedGroup[],
  file: ArrivalFile,
  options: { readonly alpha: number; readonly hasTime: boolean; readonly isAll: boolean },
): string {
  const isSmall = judged.length <= SHOWN || options.isAll;
  const worst = [...judged]
    .filter(({ verdict }) => verdict.verdict === 'mismatch')
    .sort((a, b) => (a.verdict.pValue ?? 1) - (b.verdict.pValue ?? 1));
  const shown = isSmall ? judged : worst.slice(0, SHOWN);
  const rest = worst.length - shown.length;
  const periods = byPeriod(judged);
  const warnings = [...new Set(judged.flatMap(({ group }) => group.warnings))];
  return [
    ...(shown.length === 0 ? [] : [groups(shown, file, options.hasTime)]),
    ...(isSmall || rest <= 0 ? [] : [`… and ${rest} more mismatches (--all shows every group)`]),
    ...(periods.length === 0 ? [] : [shares(periods)]),
    `${sentence(mismatchShare(null, judged))} (p ≤ ${options.alpha})`,
    ...(warnings.length === 0 ? [] : [['warnings', ...warnings.map((text) => `  ${text}`)].join('\n')]),
  ].join('\n\n');
}

function groups(judged: readonly JudgedGroup[], file: ArrivalFile, hasTime: boolean): string {
  return table(
    [
      'group',
      'units by variant',
      'expected',
      'test',
      'p',
      ...(hasTime ? ['first alarm'] : []),
      'verdict',
      'note',
    ],
    judged.map((one) => {
      const { group, verdict } = one;
      const at = verdict.firstAlarm === null ? '–' : `${file.timeLabel(verdict.firstAlarm)}`;
      return [
        group.group ?? 'all',
        verdict.observed.join(' : '),
        verdict.expected.map((value) => `${Number(value.toPrecision(5))}`).join(' : '),
        verdict.test,
        verdict.pValue === null ? '–' : verdict.pValue.toPrecision(2),
        ...(hasTime ? [at] : []),
        verdict.verdict,
        reasonOf(one) ?? '',
      ];
    }),
  );
}

const shares = (periods: readonly MismatchShare[]): string =>
  table(
    ['period', 'groups', 'no data', 'mismatches', 'share', '95 % interval'],
    periods.map(({ period, groups, noData, mismatches, share, lower, upper }) => [
      period ?? '',
      `${groups}`,
      `${noData}`,
      `${mismatches}`,
      share === null ? '–' : percent(share),
      lower === null || upper === null ? '–' : `[${percent(lower)}, ${percent(upper)}]`,
    ]),
  );

function sentence({ groups, noData, mismatches, share, lower, upper }: MismatchShare): string {
  const known = groups - noData;
  const missing = noData === 0 ? '' : `, ${noData} without data`;
  if (share === null || lower === null || upper === null) return `no group has data${missing}`;
  return `${mismatches} of ${known} groups mismatch: ${percent(share)} [${percent(lower)}, ${percent(upper)}]${missing}`;
}
