import { runInWorkers } from '../../learning/parallel/pool.ts';
import type { StudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { isTooFew, isTooMany } from './binomial.ts';
import { feedFacts, feedRegimes } from './feed-regime.ts';
import { UNUSABLE } from './health.ts';
import { LEVEL, methods, type Method } from './intervals.ts';
import { lookedAtWorlds, lookingMethods, type LookingCounts, type LookingTask } from './looking.ts';
import type { Counts, CoverageAnswer, CoverageTask } from './repetitions.ts';
import type { RegimeFacts } from './unit-sample.ts';
import { enumerableWorlds } from './worlds.ts';

const REPETITIONS = 2000;
const SHORT_REPETITIONS = 40;
/** Repetitions of one task: small enough that both threads end together. */
const PER_TASK = 50;
/** All cells of a table together are wrongly called a failure with this probability. */
const TABLE_ERROR = 0.01;

type Module = 'repetitions' | 'looking';

/** Coverage of every interval in every regime, and the errors of sequences under continuous looking. */
export async function coverage(study: StudyRun): Promise<StudyTable[]> {
  const repetitions = study.repetitions ?? (study.isShort ? SHORT_REPETITIONS : REPETITIONS);
  const facts = await simulatorFacts(study);
  const tables = coverageTables(await coverageCounts(study, repetitions, facts), facts, repetitions);
  return [...tables, lookingTable(await lookingCounts(study, repetitions), repetitions)];
}

async function simulatorFacts(study: StudyRun): Promise<RegimeFacts[]> {
  const parts = study.isShort ? 20 : 100;
  const units = 2000;
  study.progress.step('true values of the feed simulator', parts);
  const tasks = Array.from({ length: parts }, (_, k): CoverageTask => ({
    kind: 'truth',
    units,
    seed: study.seed + 7_000_000 + k,
  }));
  const answers = await ask<CoverageTask, CoverageAnswer>('repetitions', tasks, study);
  const sums = answers.flatMap(({ truth }) => (truth === undefined ? [] : [truth]));
  return feedRegimes.map((regime) => feedFacts(regime, sums, units * parts));
}

async function coverageCounts(study: StudyRun, repetitions: number, facts: readonly RegimeFacts[]) {
  const tasks = inParts(repetitions).flatMap(({ count, index }): CoverageTask[] => [
    { kind: 'feed', facts, repetitions: count, seed: study.seed + 1000 * index },
    ...enumerableWorlds.map(({ name }): CoverageTask => ({
      kind: 'world',
      world: name,
      repetitions: count,
      seed: study.seed + 1000 * index,
    })),
  ]);
  study.progress.step(`coverage, ${repetitions} repetitions`, tasks.length);
  const answers = await ask<CoverageTask, CoverageAnswer>('repetitions', tasks, study);
  const total = new Map<string, Counts>();
  for (const { name, counts } of answers.flatMap(({ regimes }) => regimes)) {
    total.set(name, addCounts(total.get(name), counts));
  }
  return total;
}

async function lookingCounts(study: StudyRun, repetitions: number): Promise<Map<string, LookingCounts>> {
  const tasks = inParts(repetitions).flatMap(({ count, index }) =>
    lookedAtWorlds.map(({ name }): LookingTask => ({
      world: name,
      repetitions: count,
      seed: study.seed + 9_000_000 + 1000 * index,
    })),
  );
  study.progress.step(`continuous looking, ${repetitions} streams`, tasks.length);
  const answers = await ask<LookingTask, LookingCounts>('looking', tasks, study);
  const total = new Map<string, LookingCounts>();
  answers.forEach((counts, i) => total.set(tasks[i].world, addCounts(total.get(tasks[i].world), counts)));
  return total;
}

async function ask<Task, Answer>(name: Module, tasks: readonly Task[], study: StudyRun): Promise<Answer[]> {
  const answers = await runInWorkers<Task, Answer>({
    module: new URL(`./${name}.ts`, import.meta.url),
    tasks,
    workers: study.workers,
    host: 'thread',
    onResult: () => study.progress.advance(),
  });
  study.progress.done();
  return answers;
}

const inParts = (repetitions: number): { count: number; index: number }[] =>
  Array.from({ length: Math.ceil(repetitions / PER_TASK) }, (_, index) => ({
    count: Math.min(PER_TASK, repetitions - index * PER_TASK),
    index,
  }));

const addCounts = (known: Counts | undefined, more: Counts): Counts =>
  Object.fromEntries(
    Object.entries(more).map(([name, [n, misses]]) => {
      const [before, missed] = known?.[name] ?? [0, 0];
      return [name, [before + n, missed + misses]];
    }),
  );

interface Cell {
  readonly regime: string;
  readonly isBenign: boolean;
  readonly method: Method;
  readonly answers: number;
  readonly misses: number;
}

function coverageTables(
  counts: ReadonlyMap<string, Counts>,
  feed: readonly RegimeFacts[],
  repetitions: number,
): StudyTable[] {
  const regimes = [...enumerableWorlds, ...feed].map(({ name, isBenign, units }) => ({
    name,
    isBenign,
    units,
  }));
  const cells = regimes.flatMap(({ name, isBenign }) =>
    methods.map((method): Cell => {
      const [answers, misses] = counts.get(name)?.[method.name] ?? [0, 0];
      return { regime: name, isBenign, method, answers, misses };
    }),
  );
  const level = TABLE_ERROR / cells.length;
  const note =
    `Coverage in per cent of intervals at ${100 * LEVEL} %, ${repetitions} repetitions per regime (standard error ` +
    `${(100 * Math.sqrt((LEVEL * (1 - LEVEL)) / repetitions)).toFixed(1)}). ✗: misses more often than its level allows (binomial ` +
    `test, ${100 * TABLE_ERROR} % over all cells of the study). –: does not apply. In brackets: the share of logs on which it answered, the rest refused.`;
  const legend = regimes
    .map(
      ({ name, units, isBenign }, i) => `${letter(i)} ${name} (${units} units${isBenign ? ', benign' : ''})`,
    )
    .join('; ');
  return (['finite-sample', 'asymptotic'] as const).map((kind) => ({
    title:
      kind === 'finite-sample'
        ? 'Coverage of finite-sample bounds'
        : 'Coverage of asymptotic intervals: the map',
    notes: [note, `Regimes: ${legend}.`],
    header: ['interval', ...regimes.map((_, i) => letter(i))],
    rows: [
      ...methods
        .filter((method) => method.kind === kind)
        .map((method) => [
          method.name,
          ...cells.filter((cell) => cell.method === method).map((cell) => shown(cell, level, repetitions)),
        ]),
      ...(kind === 'asymptotic' ? [unusableRow(regimes, counts)] : []),
    ],
    claims: kind === 'finite-sample' ? [finiteClaim(cells, level)] : benignClaims(cells, level),
  }));
}

/** Share of logs that are refused for their weights; everything above it counts those logs too. */
const unusableRow = (
  regimes: readonly { readonly name: string }[],
  counts: ReadonlyMap<string, Counts>,
): string[] => [
  '*logs that `allot ope` refuses for their weights, per cent*',
  ...regimes.map(({ name }) => {
    const [logs, unusable] = counts.get(name)?.[UNUSABLE] ?? [0, 0];
    return logs === 0 ? '–' : ((100 * unusable) / logs).toFixed(1);
  }),
];

const letter = (i: number): string => String.fromCharCode(65 + i);

const isBelow = ({ misses, answers, method }: Cell, level: number): boolean =>
  answers > 0 && isTooMany(misses, answers, allowedError(method), level);

/** One-sided bounds that spend all of the error on their side are at 1 − level too; the gate's is at half of it. */
const allowedError = (method: Method): number =>
  method.name.startsWith('gate:') ? (1 - LEVEL) / 2 : 1 - LEVEL;

function shown(cell: Cell, level: number, repetitions: number): string {
  if (cell.answers === 0) return '–';
  const covered = (100 * (1 - cell.misses / cell.answers)).toFixed(1);
  const share = cell.answers === repetitions ? '' : ` (${Math.round((100 * cell.answers) / repetitions)} %)`;
  return `${covered}${isBelow(cell, level) ? ' ✗' : ''}${share}`;
}

function finiteClaim(cells: readonly Cell[], level: number) {
  const failures = cells.filter((cell) => cell.method.kind === 'finite-sample' && isBelow(cell, level));
  return {
    claim: `finite-sample bounds cover at least at their level everywhere${named(failures)}`,
    holds: failures.length === 0,
  };
}

function benignClaims(cells: readonly Cell[], level: number) {
  const benign = cells.filter(
    ({ isBenign, method, answers }) => isBenign && method.kind === 'asymptotic' && answers > 0,
  );
  const below = benign.filter((cell) => cell.method.claim !== 'none' && isBelow(cell, level));
  const above = benign.filter(
    ({ method, misses, answers }) => method.claim === 'level' && isTooFew(misses, answers, 1 - LEVEL, level),
  );
  return [
    {
      claim: `in benign regimes no asymptotic interval is below its level${named(below)}`,
      holds: below.length === 0,
    },
    {
      claim: `in benign regimes none is above its level either, beyond binomial error${named(above)}`,
      holds: above.length === 0,
    },
  ];
}

const named = (cells: readonly Cell[]): string =>
  cells.length === 0
    ? ''
    : `; not: ${cells.map(({ method, regime }) => `${method.name} in "${regime}"`).join(', ')}`;

function lookingTable(counts: ReadonlyMap<string, LookingCounts>, repetitions: number): StudyTable {
  const level = TABLE_ERROR / (lookedAtWorlds.length * lookingMethods.length);
  const cellOf = (world: string, name: string) => {
    const [streams, errors] = counts.get(world)?.[name] ?? [0, 0];
    const isHigh = streams > 0 && isTooMany(errors, streams, 1 - LEVEL, level);
    return { streams, errors, isHigh };
  };
  const failures = lookingMethods
    .filter(({ kind }) => kind === 'anytime')
    .filter(({ name }) => lookedAtWorlds.some((world) => cellOf(world.name, name).isHigh));
  const benign = lookedAtWorlds[0].name;
  const peeking = cellOf(benign, lookingMethods[lookingMethods.length - 1].name);
  return {
    title: 'Type I error under continuous looking',
    notes: [
      `Share of ${repetitions} streams (per cent) in which the truth was ever outside the interval, read after each of ` +
        `${lookedAtWorlds[0].units} units; α = ${(100 * (1 - LEVEL)).toFixed(0)} %. ✗: above α (binomial test, ` +
        `${100 * TABLE_ERROR} % over the table).`,
    ],
    header: ['sequence', 'claim', ...lookedAtWorlds.map(({ name }) => name)],
    rows: lookingMethods.map(({ name, kind }) => [
      name,
      kind,
      ...lookedAtWorlds.map((world) => {
        const { streams, errors, isHigh } = cellOf(world.name, name);
        return streams === 0 ? '–' : `${((100 * errors) / streams).toFixed(1)}${isHigh ? ' ✗' : ''}`;
      }),
    ]),
    claims: [
      {
        claim:
          'anytime-valid sequences err at most α of the time, however often they are read' +
          (failures.length === 0 ? '' : `; not: ${failures.map(({ name }) => name).join(', ')}`),
        holds: failures.length === 0,
      },
      { claim: 'a normal interval read at every look errs more often than it says', holds: peeking.isHigh },
    ],
  };
}
