import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import {
  detectableEffects,
  fixedPowerFor,
  sequentialLawFor,
  type PlanQuestion,
} from '../../../../src/core/experiment/statistics/plan.ts';
import { askRuns, prepare } from '../ask-runs.ts';
import { sharedOf } from '../counted.ts';
import { horizonOf, type Design } from '../design.ts';
import { shapeOf } from '../population.ts';
import type { Ends } from '../runs.ts';

const RUNS = 1000;
const SHORT_RUNS = 60;
const LIFTS = [0.5, 1, 1.5, 2] as const;
const FIXED = 't, watch per unit, last look only';
const SEQUENCE = 'sequence, watch per unit';
const TESTS = [
  FIXED,
  SEQUENCE,
  'mSPRT, watch per unit',
  'sequence, watch per decision',
  'sequence, per decision, CUPED',
];

interface Line {
  readonly lift: number;
  readonly test: string;
  readonly ends: Ends;
  readonly planned: { readonly power: number; readonly share: number } | null;
}

/** Proof 2: power and stopping time at declared effects, against the fixed horizon. */
export async function power(study: StudyRun): Promise<StudyTable[]> {
  const runs = study.repetitions ?? (study.isShort ? SHORT_RUNS : RUNS);
  const shared = prepare(study);
  const { design, population } = shared;
  const { mean, variance } = shapeOf(population.watch);
  const question: PlanQuestion = {
    variance,
    treatmentShare: 0.5,
    alpha: design.alpha,
    power: 0.8,
    looks: design.looks,
    tunedAt: design.tunedAt,
  };
  const detectable = detectableEffects(horizonOf(design), question).fixed;
  const lines: Line[] = [];
  for (const [i, lift] of LIFTS.entries()) {
    const effect = lift * detectable;
    const { tests } = await askRuns(study, shared, {
      title: `${runs} experiments with ${lift} × the detectable effect`,
      runs,
      seed: study.seed + 13_000_000 + 100_000 * i,
      factor: 1 + effect / mean,
      tests: TESTS,
      hasGuardrails: false,
    });
    // The treatment's spread grows with its mean.
    const spread = { ...question, variance: (variance * (1 + (1 + effect / mean) ** 2)) / 2 };
    for (const test of TESTS) {
      lines.push({ lift, test, ends: tests[test], planned: plannedFor(test, effect, design, spread) });
    }
  }
  return [powerTable(lines, runs, detectable / mean, design)];
}

function plannedFor(test: string, effect: number, design: Design, question: PlanQuestion): Line['planned'] {
  const units = horizonOf(design);
  if (test === FIXED) return { power: fixedPowerFor(effect, units, question), share: 1 };
  if (test !== SEQUENCE) return null;
  const law = sequentialLawFor(effect, units, question);
  return { power: law.power, share: law.expectedShare };
}

function powerTable(lines: readonly Line[], runs: number, detectable: number, design: Design): StudyTable {
  const of = (lift: number, test: string): Ends =>
    lines.find((line) => line.lift === lift && line.test === test)?.ends ?? {
      runs: 1,
      above: 0,
      below: 0,
      share: 1,
    };
  const off = lines.filter(
    ({ planned, ends }) => planned !== null && isOff(ends.above / ends.runs, planned.power, runs),
  );
  const wrong = lines.filter(
    ({ ends }) => ends.below / ends.runs > design.alpha / 2 + 4 * Math.sqrt(design.alpha / 2 / runs),
  );
  const largest = of(2, SEQUENCE);
  return {
    title: 'Power and stopping time at declared effects',
    notes: [
      `Watch seconds of the treatment multiplied by 1 + δ; the detectable effect is the one that a t-test at the horizon of ` +
        `${horizonOf(design)} units finds with 80 %: δ = ${(100 * detectable).toFixed(2)} %. ${design.looks} looks, α = ${design.alpha}. ` +
        'Stopping time: mean share of the horizon, runs that never stop counted as 1. Planned: what the planner says.',
    ],
    header: ['effect', 'test', 'found (95 % interval)', 'planned', 'wrong sign', 'stopping time', 'planned'],
    rows: lines.map(({ lift, test, ends, planned }) => [
      `${lift} × δ`,
      test,
      sharedOf(ends.above, ends.runs),
      planned === null ? '–' : `${(100 * planned.power).toFixed(1)} %`,
      `${ends.below}`,
      test === FIXED ? '1.00' : (ends.share / ends.runs).toFixed(2),
      planned === null ? '–' : planned.share.toFixed(2),
    ]),
    claims: [
      { claim: 'the planner’s power is confirmed by simulation', holds: off.length === 0 },
      { claim: 'decisions for the wrong sign stay below α/2', holds: wrong.length === 0 },
      {
        claim:
          'at twice the detectable effect the sequence stops before half of the horizon on average, and finds it',
        holds: largest.share / largest.runs < 0.5 && largest.above / largest.runs > 0.95,
      },
    ],
  };
}

/** Four standard errors, and a hundredth for what only many units make normal. */
const isOff = (found: number, planned: number, runs: number): boolean =>
  Math.abs(found - planned) > 4 * Math.sqrt((planned * (1 - planned)) / runs) + 0.01;
