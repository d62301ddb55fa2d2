import { judgeArrivals } from '../../../../src/core/experiment/statistics/arrival-series.ts';
import { readArrivals, type ArrivalGroup } from '../../../tabular/arrival-file.ts';
import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import { sharedOf } from '../counted.ts';
import { sharedData, skipped } from '../shared-data.ts';

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
  readonly isSequential: boolean;
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
  const verdict = judgeArrivals(variants.length, arrivals, ALPHA);
  return {
    week: period ?? '',
    isChiSquare: (verdict.chiSquarePValue ?? 1) < ALPHA,
    isSequential: (verdict.sequentialPValue ?? 1) < ALPHA,
  };
}

const counts = (checked: readonly Checked[]) => ({
  tests: checked.length,
  chiSquare: checked.filter(({ isChiSquare }) => isChiSquare).length,
  sequential: checked.filter(({ isSequential }) => isSequential).length,
});

function periodTable(checked: readonly Checked[]): StudyTable {
  const rows = periods.map(({ name, holds, readme }) => ({
    name,
    readme,
    ...counts(checked.filter(({ week }) => holds(week))),
  }));
  const [before, faulty, after] = rows;
  return {
    title: TITLE,
    notes: [
      `Equal split, impressions by arm, one look per test, p < ${ALPHA}. In brackets 95 % intervals (Clopper–Pearson). Last column: the counts of the ` +
        'README of the data set, by a chi-square of its own.',
    ],
    header: ['weeks', 'tests', 'chi-square', 'sequential multinomial', 'README'],
    rows: rows.map(({ name, tests, chiSquare, sequential, readme }) => [
      name,
      `${tests}`,
      `${chiSquare} = ${sharedOf(chiSquare, tests)}`,
      `${sequential} = ${sharedOf(sequential, tests)}`,
      `${readme[0]} of ${readme[1]} = ${((100 * readme[0]) / readme[1]).toFixed(1)} %`,
    ]),
    claims: [
      {
        claim:
          'tests and chi-square alarms agree with the README within one per cent of the tests of a period',
        holds: rows.every(
          ({ tests, chiSquare, readme }) =>
            tests === readme[1] && Math.abs(chiSquare - readme[0]) <= tests / 100,
        ),
      },
      {
        claim:
          'the guard alarms in more than half of the faulty tests and in less than 0.5 % after the repair',
        holds: faulty.chiSquare > faulty.tests / 2 && after.chiSquare < after.tests / 200,
      },
      {
        claim:
          'the sequential test alarms less often than the chi-square in every period, and still in more than a third of the faulty tests',
        holds:
          [before, faulty, after].every(({ sequential, chiSquare }) => sequential <= chiSquare) &&
          faulty.sequential > faulty.tests / 3,
      },
    ],
  };
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
