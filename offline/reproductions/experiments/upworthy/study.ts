import { judgeArrivals } from '../../../../src/core/experiment/statistics/arrival-series.ts';
import { alarmStatistic } from '../../../../src/core/experiment/statistics/sequential-multinomial.ts';
import { chiSquareSurvival } from '../../../../src/core/math/chi-square.ts';
import { findRoot } from '../../../../src/core/math/find-root.ts';
import { readArrivals, type ArrivalGroup } from '../../../tabular/arrival-file.ts';
import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import { sharedOf } from '../counted.ts';
import { sharedData, skipped } from '../shared-data.ts';
import { wilsonHilferty } from './wilson-hilferty.ts';

const FILE = 'upworthy/packages_exploratory.csv.gz';
const TITLE = 'Upworthy: the sample-ratio guard by period';
const ALPHA = 0.001;
/** Weeks of the archive's warning: a cache fault. */
const FAULTY = { from: '201325', to: '201401' };

const periods = [
  { name: `before ${FAULTY.from}`, holds: (week: string) => week < FAULTY.from, readme: [8, 226] },
  {
    name: `${FAULTY.from} to ${FAULTY.to} (faulty)`,
    holds: (week: string) => week >= FAULTY.from && week <= FAULTY.to,
    readme: [488, 711],
  },
  { name: `after ${FAULTY.to}`, holds: (week: string) => week > FAULTY.to, readme: [8, 2448] },
] as const;

interface Checked {
  readonly week: string;
  readonly isChiSquare: boolean;
  /** The same statistic, its tail by Wilson and Hilferty's approximation. */
  readonly isApproximate: boolean;
  readonly isSequential: boolean;
  /** The chi-square at the level at which the sequential test of so many units alarms. */
  readonly isAtBar: boolean;
  readonly bar: number;
  readonly degrees: number;
}

/** Proof 4: the guard on the real archive, whose split was broken for half a year. */
export async function upworthy(study: StudyRun): Promise<StudyTable[]> {
  const file = sharedData(FILE);
  if (file === null) return [skipped(TITLE, FILE)];
  study.progress.step('Upworthy tests');
  const columns = {
    group: 'clickability_test_id',
    variant: 'arm',
    count: 'impressions',
    period: 'test_week',
  };
  const { groups } = await readArrivals(file, columns);
  const checked = groups.map(check);
  return [periodTable(checked), weekTable(checked)];
}

function check({ period, variants, arrivals }: ArrivalGroup): Checked {
  const { chiSquarePValue, sequentialPValue, observed, expected } = judgeArrivals(
    variants.length,
    arrivals,
    ALPHA,
  );
  const statistic = observed.reduce((sum, count, i) => sum + (count - expected[i]) ** 2 / expected[i], 0);
  const units = observed.reduce((a, b) => a + b, 0);
  const bar = alarmStatistic(units, variants.length, ALPHA);
  return {
    week: period ?? '',
    isChiSquare: (chiSquarePValue ?? 1) < ALPHA,
    isApproximate: wilsonHilferty(statistic, variants.length - 1) < ALPHA,
    isSequential: (sequentialPValue ?? 1) < ALPHA,
    isAtBar: statistic >= bar,
    bar,
    degrees: variants.length - 1,
  };
}

const counts = (checked: readonly Checked[]) => ({
  tests: checked.length,
  chiSquare: checked.filter(({ isChiSquare }) => isChiSquare).length,
  approximate: checked.filter(({ isApproximate }) => isApproximate).length,
  sequential: checked.filter(({ isSequential }) => isSequential).length,
  atBar: checked.filter(({ isAtBar }) => isAtBar).length,
});

type PeriodRow = ReturnType<typeof counts> & { readonly name: string; readonly readme: readonly number[] };

function periodTable(checked: readonly Checked[]): StudyTable {
  const rows = periods.map(({ name, holds, readme }) => ({
    name,
    readme,
    ...counts(checked.filter(({ week }) => holds(week))),
  }));
  const faulty = checked.filter(({ week }) => periods[1].holds(week));
  return {
    title: TITLE,
    notes: [
      `Equal split, impressions by arm, one look per test, p < ${ALPHA}. In brackets 95 % intervals (Clopper–Pearson).`,
      'README: the counts of the README of the data set. Cube root: the same chi-square with its tail by Wilson and Hilferty’s approximation.',
      'Chi-square at its bar: at the level at which the sequential test, good for any number of looks, alarms in a test of that many units. ' +
        medianBar(faulty),
    ],
    header: [
      'weeks',
      'tests',
      'chi-square',
      'cube root',
      'README',
      'sequential multinomial',
      'chi-square at its bar',
    ],
    rows: rows.map(({ name, tests, chiSquare, approximate, sequential, atBar, readme }) => [
      name,
      `${tests}`,
      `${chiSquare} = ${sharedOf(chiSquare, tests)}`,
      `${approximate}`,
      `${readme[0]} of ${readme[1]}`,
      `${sequential} = ${sharedOf(sequential, tests)}`,
      `${atBar}`,
    ]),
    claims: periodClaims(rows),
  };
}

/** What the sequential test asks of the faulty test in the middle, beside what one look asks. */
function medianBar(checked: readonly Checked[]): string {
  const level = ({ bar, degrees }: Checked): number => chiSquareSurvival(bar, degrees);
  const median = [...checked].sort((a, b) => level(a) - level(b))[Math.floor(checked.length / 2)];
  const { bar, degrees } = median;
  const once = findRoot((x) => chiSquareSurvival(x, degrees) - ALPHA, 0, 100, { tolerance: 1e-6 });
  return (
    `The faulty test in the middle (${degrees + 1} arms): χ² ≥ ${bar.toFixed(1)}, p < ${level(median).toExponential(1)}, where one look asks χ² ≥ ` +
    `${once.toFixed(1)}; a deviation ${(100 * (Math.sqrt(bar / once) - 1)).toFixed(0)} % larger.`
  );
}

function periodClaims(rows: readonly PeriodRow[]): StudyTable['claims'] {
  const [, faulty, after] = rows;
  return [
    {
      claim:
        'the README’s counts are found exactly, in every period, with the chi-square’s tail by the cube root',
      holds: rows.every((row) => row.tests === row.readme[1] && row.approximate === row.readme[0]),
    },
    {
      claim: 'the guard alarms in more than half of the faulty tests and in less than 0.5 % after the repair',
      holds: faulty.chiSquare > faulty.tests / 2 && after.chiSquare < after.tests / 200,
    },
    {
      claim:
        'the sequential test alarms in no period more often than the chi-square, and as often as a chi-square at its bar (to 1 % of the tests)',
      holds: rows.every(
        (row) => row.sequential <= row.chiSquare && Math.abs(row.sequential - row.atBar) <= row.tests / 100,
      ),
    },
  ];
}

/** Four weeks a row; `allot srm … --period test_week` shows each. */
function weekTable(checked: readonly Checked[]): StudyTable {
  const weeks = [...new Set(checked.map(({ week }) => week))].sort();
  const blocks = Array.from({ length: Math.ceil(weeks.length / 4) }, (_, k) => weeks.slice(4 * k, 4 * k + 4));
  return {
    title: 'Upworthy: alarms by four weeks',
    notes: [`The sequential multinomial test and the chi-square at p < ${ALPHA}.`],
    header: ['weeks', 'tests', 'chi-square', 'sequential', 'share of chi-square alarms'],
    rows: blocks.map((block) => {
      const found = counts(checked.filter(({ week }) => block.includes(week)));
      return [
        `${block[0]}–${block[block.length - 1]}`,
        `${found.tests}`,
        `${found.chiSquare}`,
        `${found.sequential}`,
        sharedOf(found.chiSquare, found.tests),
      ];
    }),
    claims: [],
  };
}
