import { isTooMany } from '../../coverage/binomial.ts';
import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import { askRuns, prepare } from '../ask-runs.ts';
import { sharedOf } from '../counted.ts';
import { horizonOf } from '../design.ts';
import { shapeOf } from '../population.ts';
import type { Ends, GuardrailEnds, RunsShared } from '../runs.ts';
import { guardrails, lookedTests } from '../tests.ts';
import { falseAlarms, splits } from './arrivals.ts';

const RUNS = 2000;
const SHORT_RUNS = 60;
/** All claims of the study together are wrongly said not to hold with this probability. */
const STUDY_ERROR = 0.01;

/** Proof 1: A/A experiments under continuous looking. */
export async function aa(study: StudyRun): Promise<StudyTable[]> {
  const runs = study.repetitions ?? (study.isShort ? SHORT_RUNS : RUNS);
  const shared = prepare(study);
  const answer = await askRuns(study, shared, {
    title: `${runs} A/A experiments`,
    runs,
    seed: study.seed + 11_000_000,
    factor: 1,
    hasGuardrails: true,
  });
  return [
    alarmTable(answer.tests, shared),
    rollbackTable(answer.guardrails, shared.design.alpha),
    splitTable(study, runs, shared.design.alpha),
  ];
}

const level = STUDY_ERROR / (lookedTests.length + 2 + splits.length);

function alarmTable(tests: Readonly<Record<string, Ends>>, { design, population }: RunsShared): StudyTable {
  const rows = lookedTests.map((test) => {
    const { runs, above, below } = tests[test.name];
    return { ...test, runs, alarms: above + below };
  });
  const high = rows.filter(
    (row) => row.claim !== 'none' && isTooMany(row.alarms, row.runs, design.alpha, level),
  );
  const peeking = rows.filter(({ claim }) => claim === 'none');
  const { mean, skewness, kurtosis } = shapeOf(population.watch);
  return {
    title: 'A/A experiments: false alarms under continuous looking',
    notes: [
      `Units of the feed world (${population.watch.length} lives, drawn with replacement): watch seconds of a unit have mean ${mean.toFixed(0)}, ` +
        `skewness ${skewness.toFixed(1)}, kurtosis ${kurtosis.toFixed(0)}; decisions of a unit are correlated, units come back. ` +
        `${design.looks} looks, ${design.unitsPerLook} more units per arm at each, first interval at ${design.minUnits}; α = ${design.alpha}, ` +
        `n* = ${design.tunedAt * horizonOf(design)} of ${horizonOf(design)} units. Intervals in brackets: 95 %, Clopper–Pearson.`,
    ],
    header: ['test', 'made for', 'runs', 'false alarms', 'share'],
    rows: rows.map(({ name, claim, runs, alarms }) => [
      name,
      claim,
      `${runs}`,
      `${alarms}`,
      sharedOf(alarms, runs),
    ]),
    claims: [
      {
        claim: `no test errs more than α at what it was made for, within binomial error${named(high)}`,
        holds: high.length === 0,
      },
      {
        claim: 'a t-test at every look, and decisions taken for independent units, err more than α',
        holds: peeking.every((row) => isTooMany(row.alarms, row.runs, design.alpha, 0.05)),
      },
    ],
  };
}

const named = (rows: readonly { readonly name: string }[]): string =>
  rows.length === 0 ? '' : `; not: ${rows.map(({ name }) => name).join(', ')}`;

function rollbackTable({ runs, atMargin, noEffect }: GuardrailEnds, alpha: number): StudyTable {
  const isHigh = isTooMany(atMargin, runs, alpha, level) || isTooMany(noEffect, runs, alpha, level);
  return {
    title: 'A/A experiments: false rollbacks by guardrails',
    notes: [
      `${guardrails.map(({ name }) => name).join(', ')}; α = ${alpha} in all, a third each; a rollback is an interval wholly beyond the ` +
        'margin, at any look, in any guardrail.',
    ],
    header: ['truth', 'runs', 'any false rollback', 'share'],
    rows: [
      ['harm exactly at the margin (worst case)', `${runs}`, `${atMargin}`, sharedOf(atMargin, runs)],
      ['no effect, margin 1 % of control', `${runs}`, `${noEffect}`, sharedOf(noEffect, runs)],
    ],
    claims: [{ claim: 'false rollbacks stay within Σ αᵢ = α', holds: !isHigh }],
  };
}

function splitTable(study: StudyRun, runs: number, alpha: number): StudyTable {
  study.progress.step(`${runs} sound splits, ${splits.length} kinds`);
  const found = splits.map((split, i) => ({
    ...split,
    ...falseAlarms(split, runs, study.seed + 12_000_000 + i, alpha),
  }));
  const high = found.filter(({ sequential }) => isTooMany(sequential, runs, alpha, level));
  const peeked = found.filter(({ peeking }) => isTooMany(peeking, runs, alpha, level));
  return {
    title: 'A/A experiments: false sample-ratio alarms',
    notes: [
      `60 looks, 100 units at each, in the declared shares; α = ${alpha} so that errors can be counted (the product uses 0.001).`,
    ],
    header: ['split', 'runs', 'sequential multinomial', 'chi-square at every look', 'chi-square once'],
    rows: found.map(({ name, sequential, peeking, once }) => [
      name,
      `${runs}`,
      ...[sequential, peeking, once].map((count) => sharedOf(count, runs)),
    ]),
    claims: [
      { claim: `the sequential test alarms at most α of the time${named(high)}`, holds: high.length === 0 },
      { claim: 'a chi-square read at every look alarms more often', holds: peeked.length === splits.length },
    ],
  };
}
