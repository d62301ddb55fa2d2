import type { Minute } from './minute.ts';
import { type Trend, trendOf } from './trend.ts';

export interface Peak {
  readonly answeredPerSecond: number;
  /** Answered and, with its feedback, stored. */
  readonly storedPerSecond: number;
}

export interface Counts {
  readonly decisions: number;
  readonly exposures: number;
  readonly interactions: number;
}

export interface Soak {
  /** null where the rate was given. */
  readonly peak: Peak | null;
  readonly perSecond: number;
  readonly minutes: readonly Minute[];
  readonly trends: readonly NamedTrend[];
  readonly answered: Counts;
  readonly stored: Counts;
}

interface NamedTrend extends Trend {
  readonly field: keyof Minute;
  readonly verdict: 'flat' | 'grows' | 'too short to say';
}

const watched = [
  'heapMinMb',
  'heapMaxMb',
  'rssMb',
  'journalRecords',
  'journalAgeMs',
  'p50Ms',
  'p99Ms',
  'p999Ms',
] as const satisfies readonly (keyof Minute)[];

/** Over the last two thirds: the first third may warm up. */
export function trendsOf(minutes: readonly Minute[]): readonly NamedTrend[] {
  const last = minutes.slice(Math.floor(minutes.length / 3));
  if (last.length < 2) return [];
  return watched.map((field) => {
    const trend = trendOf(last.map((minute) => minute[field]));
    return { field, ...trend, verdict: verdictOf(trend) };
  });
}

/** Flat: the interval of the slope reaches 0, or an hour would add less than a tenth. */
function verdictOf({ perHour, interval, median }: Trend): NamedTrend['verdict'] {
  if (interval === null) return 'too short to say';
  return interval[0] <= 0 || perHour <= 0.1 * median ? 'flat' : 'grows';
}

/** Markdown, for the documentation. */
export function soakText({ peak, perSecond, minutes, trends, answered, stored }: Soak): string {
  const columns = Object.keys(minutes[0] ?? {}) as (keyof Minute)[];
  return [
    peak === null
      ? `${String(perSecond)} decisions per second`
      : `peak ${perSecondOf(peak.answeredPerSecond)} answered, ${perSecondOf(peak.storedPerSecond)} with storing; soak at ${String(perSecond)} per second`,
    '',
    ...table(
      columns,
      minutes.map((minute) => columns.map((column) => numberText(minute[column]))),
    ),
    '',
    'Theil–Sen slope over the last two thirds, per hour (95 % interval):',
    '',
    ...table(
      ['', 'median', 'per hour', 'interval', 'per hour, of the median', ''],
      trends.map(({ field, median, perHour, interval, verdict }) => [
        field,
        numberText(median),
        numberText(perHour),
        interval === null ? '–' : interval.map(numberText).join(' … '),
        median === 0 ? '–' : `${numberText((100 * perHour) / median)} %`,
        verdict,
      ]),
    ),
    '',
    ...table(
      ['', 'decisions', 'exposures', 'interactions'],
      Object.entries({ answered, stored }).map(([name, n]) => [
        name,
        ...[n.decisions, n.exposures, n.interactions].map(String),
      ]),
    ),
    '',
  ].join('\n');
}

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

const numberText = (x: number): string =>
  Math.abs(x) >= 1_000 ? String(Math.round(x)) : String(Math.round(x * 100) / 100);

const perSecondOf = (x: number): string => String(Math.round(x));
