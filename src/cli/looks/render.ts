import type { LookFile } from '../../../offline/tabular/look-file.ts';
import type { SeriesOptions } from '../../core/experiment/statistics/look-series.ts';
import { percent, table } from '../output.ts';
import type { JudgedPair } from './judge-pairs.ts';

/** A row per pair (or per look), a line that sums them up, then every warning once. */
export function renderLooks(
  judged: readonly JudgedPair[],
  file: LookFile,
  options: SeriesOptions,
  isEveryLook: boolean,
): string {
  const label = (time: number): string => shownTime(file.timeLabel(time));
  return [
    isEveryLook ? everyLook(judged, label) : pairTable(judged, label, options),
    summary(judged, options),
    ...warnings(judged),
  ].join('\n\n');
}

const shownTime = (time: number | string): string =>
  typeof time === 'string' ? time.replace(/T00:00:00\.000Z$/, '') : `${Number(time.toPrecision(8))}`;

function pairTable(
  judged: readonly JudgedPair[],
  label: (time: number) => string,
  { alpha }: SeriesOptions,
): string {
  return table(
    [
      ...keyHeader(judged),
      'looks',
      'first decisive',
      'state',
      'effect',
      `${Number((100 * (1 - alpha)).toPrecision(6))} % interval`,
      'relative',
      'note',
    ],
    judged.map(({ pair, verdict }) => {
      const { last, firstDecisive, state, reason } = verdict;
      return [
        ...keyCells(judged, pair),
        `${pair.looks.length}`,
        firstDecisive === null ? '–' : label(firstDecisive.time),
        state,
        last?.effect === null || last === null ? '–' : digits(last.effect.value),
        last?.effect === null || last === null
          ? '–'
          : `[${digits(last.effect.lower)}, ${digits(last.effect.upper)}]`,
        last?.relative === null || last === null ? '–' : percent(last.relative.value, 2),
        reason ?? (last !== null && last.state !== state ? `last look alone: ${last.state}` : ''),
      ];
    }),
  );
}

function everyLook(judged: readonly JudgedPair[], label: (time: number) => string): string {
  const rows = judged.flatMap(({ pair, verdict }) =>
    verdict.looks.map(({ time, state, effect, units, reason, pValue }) => [
      ...keyCells(judged, pair),
      label(time),
      `${units.control} / ${units.treatment}`,
      state,
      effect === null ? '–' : digits(effect.value),
      effect === null ? '–' : `[${digits(effect.lower)}, ${digits(effect.upper)}]`,
      pValue === null ? (reason ?? '') : `p ${pValue.toPrecision(2)}`,
    ]),
  );
  return table(
    [...keyHeader(judged), 'time', 'units (control / treatment)', 'state', 'effect', 'interval', ''],
    rows,
  );
}

const keys = ['experiment', 'variant', 'metric'] as const;
const namedKeys = (judged: readonly JudgedPair[]) =>
  keys.filter((key) => judged.some(({ pair }) => pair[key] !== null));
const keyHeader = (judged: readonly JudgedPair[]): readonly string[] => namedKeys(judged);
const keyCells = (judged: readonly JudgedPair[], pair: JudgedPair['pair']): string[] =>
  namedKeys(judged).map((key) => pair[key] ?? '');

function summary(judged: readonly JudgedPair[], options: SeriesOptions): string {
  const count = (state: string): number => judged.filter(({ verdict }) => verdict.state === state).length;
  const states = (['pass', 'fail', 'inconclusive', 'no data'] as const).map((s) => `${count(s)} ${s}`);
  const { margin, better, method } = options;
  const size = margin.isRelative
    ? `${Number((100 * margin.size).toPrecision(6))} % of control`
    : `${margin.size}`;
  const meaning =
    margin.size === 0
      ? `pass: proven ${better}; fail: proven ${better === 'higher' ? 'lower' : 'higher'}`
      : `pass: proven not worse (${better} is better) by more than ${size}; fail: proven worse by more than that`;
  return `${judged.length} pairs by ${method}: ${states.join(', ')}\n${meaning}`;
}

function warnings(judged: readonly JudgedPair[]): string[] {
  const counts = new Map<string, number>();
  for (const { pair } of judged)
    for (const warning of pair.warnings) counts.set(warning, (counts.get(warning) ?? 0) + 1);
  if (counts.size === 0) return [];
  return [['warnings', ...[...counts].map(([text, n]) => `  ${text} (${n} pairs)`)].join('\n')];
}

const digits = (value: number): string => value.toPrecision(4);
