import { clopperPearson } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { gateEstimandOf, mainResponseOf } from '../../../src/core/surface/surface.ts';
import type { LearningStudy } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { settingsNotes, toJson } from './answer.ts';
import type { ResponseEstimate } from './estimate.ts';
import { number, percent, withInterval } from './format.ts';
import { everyMethod } from './methods.ts';
import { find, learned } from './outcomes.ts';
import type { MethodRun } from './run-method.ts';
import { runMethods, type MethodResult, type StudyRuns } from './run-study.ts';
import { seedMean } from './statistics.ts';
import { studyWorld } from './study-world.ts';

/**
 * Study 4: what the evaluation says of every trained policy from the log's test split, beside the truth. The estimand is named:
 * `per-decision`, states as logged; what the policy is worth in its *own* states stands beside it and is not what is estimated.
 */
export const estimates: LearningStudy = async (run) => {
  const { surface } = studyWorld(run.world?.raw ?? null);
  const runs = await runMethods(run, 'estimates', everyMethod);
  const tables = [policyTable(surface, runs), coverageTable(surface, runs)];
  return { tables, result: toJson('estimates', runs, tables) };
};

const estimateOf = ({ estimate }: MethodRun, response: string): ResponseEstimate | undefined =>
  estimate?.responses[response];

const isCovered = ({ lower, upper, inLoggedStates }: ResponseEstimate): boolean | null =>
  lower === null || upper === null ? null : lower <= inLoggedStates && inLoggedStates <= upper;

function policyTable(surface: Surface, runs: StudyRuns): StudyTable {
  const main = mainResponseOf(surface)?.name ?? '';
  const behavior = find(runs, 'behaviour');
  const verdicts = learned(runs).flatMap(({ seeds }) =>
    seeds.map((seen) =>
      judged(
        surface,
        seen,
        behavior?.seeds.find(({ seed }) => seed === seen.seed),
      ),
    ),
  );
  const count = (wanted: Judged): number => verdicts.filter((v) => v === wanted).length;
  return {
    title: `Estimates beside the truth: ${main} per decision, ${runs.world}`,
    notes: [
      ...settingsNotes(runs),
      `Estimator ${surface.gate.estimator}, ${runs.settings.resamples} resamples, level ${surface.gate.level}, test split. "Truth, logged states" is the estimand; "truth, own states" is what the policy does to the states as well. ` +
        `Verdicts are judged ${gateEstimandOf(surface)}: one is wrong where it promotes what truly breaks a constraint or falls below a margin, or refuses what does neither.`,
    ],
    header: [
      'method',
      'estimate',
      'truth, logged states',
      'truth, own states',
      'covered',
      'verdicts (p/r/i)',
    ],
    rows: learned(runs).map((result) => policyRow(result, main)),
    claims: [
      {
        claim: `no gate verdict is wrong: of ${verdicts.length}, ${count('wrong promotion')} wrong promotions, ${count('wrong refusal')} wrong refusals`,
        holds: count('wrong promotion') + count('wrong refusal') === 0,
      },
    ],
  };
}

function policyRow({ method, seeds }: MethodResult, main: string): string[] {
  const found = seeds.flatMap((seen) => {
    const estimate = estimateOf(seen, main);
    return estimate === undefined ? [] : [{ estimate, own: seen.values?.[main].value ?? NaN }];
  });
  const meanOf = (values: readonly number[]): string =>
    values.length === 0 ? '–' : withInterval(seedMean(values));
  const covered = found.map(({ estimate }) => isCovered(estimate)).filter((c) => c !== null);
  const verdicts = (['promote', 'refuse', 'insufficient evidence'] as const).map(
    (verdict) => seeds.filter(({ estimate }) => estimate?.verdict === verdict).length,
  );
  return [
    method.name,
    meanOf(found.flatMap(({ estimate }) => (estimate.estimate === null ? [] : [estimate.estimate]))),
    meanOf(found.map(({ estimate }) => estimate.inLoggedStates)),
    meanOf(found.map(({ own }) => own)),
    `${covered.filter(Boolean).length} of ${covered.length}`,
    verdicts.join('/'),
  ];
}

type Judged = 'right' | 'open' | 'wrong promotion' | 'wrong refusal';

/** The verdict beside the truth in the policy's own states, where it would be served. */
function judged(surface: Surface, seen: MethodRun, behavior: MethodRun | undefined): Judged {
  const verdict = seen.estimate?.verdict ?? 'insufficient evidence';
  if (behavior === undefined || verdict === 'insufficient evidence') return 'open';
  const isFine = isTrulyFine(surface, seen, behavior);
  if (verdict === 'promote') return isFine ? 'right' : 'wrong promotion';
  return isFine ? 'wrong refusal' : 'right';
}

/** What the gate asks for, of the true values. */
function isTrulyFine({ gate, ...surface }: Surface, seen: MethodRun, behavior: MethodRun): boolean {
  const margins = {
    ...gate.auxiliaryMargins,
    [mainResponseOf({ gate, ...surface })?.name ?? '']: gate.mainMargin,
  };
  const isBySession = gateEstimandOf({ gate, ...surface }) === 'per-session';
  const field = isBySession ? 'perSession' : 'value';
  // A margin is per decision; per session it is allowed on each decision of a session of the behaviour policy.
  const factor = isBySession ? (behavior.decisionsPerSession ?? NaN) : 1;
  const difference = (name: string): number =>
    (seen.values?.[name]?.[field] ?? NaN) - (behavior.values?.[name]?.[field] ?? NaN);
  return (
    seen.constraints.every(({ violation }) => violation === 0) &&
    Object.entries(margins).every(([name, margin]) => !(difference(name) < -margin * factor))
  );
}

function coverageTable(surface: Surface, runs: StudyRuns): StudyTable {
  const level = surface.gate.level;
  const rows = surface.responses.map(({ name }) => coverageOf(runs, name));
  return {
    title: `Coverage of the estimates’ intervals, ${runs.world}`,
    notes: [
      `Share of trained policies whose ${percent(level, 0)} interval holds the truth in logged states, with the Clopper–Pearson interval as if all were independent. They are not: ` +
        'the policies of a seed are judged on one test split, so the share by seed, with Student’s interval over the seeds, is what the claim is about. The truth has an error of its own, about a third of the intervals’.',
    ],
    header: ['response', 'policies', 'covered', 'share', 'binomial 95 %', 'by seed', 'too high', 'too low'],
    rows: rows.map(({ cells }) => cells),
    claims: rows.map(({ name, upper, share }) => ({
      claim: `${name}: coverage by test split is not shown to be below ${percent(level, 0)} (${percent(share)} over ${runs.seeds.length} splits)`,
      holds: upper === null || upper >= level,
    })),
  };
}

function coverageOf(runs: StudyRuns, name: string) {
  const judged = runs.seeds.map((seed) =>
    learned(runs).flatMap(({ seeds }) => {
      const found = seeds.find((seen) => seen.seed === seed);
      const estimate = found === undefined ? undefined : estimateOf(found, name);
      if (estimate === undefined || isCovered(estimate) === null) return [];
      return [
        {
          isCovered: isCovered(estimate) === true,
          error: (estimate.estimate ?? NaN) - estimate.inLoggedStates,
        },
      ];
    }),
  );
  const all = judged.flat();
  const covered = all.filter((one) => one.isCovered).length;
  const bySeed = seedMean(
    judged
      .filter((ones) => ones.length > 0)
      .map((ones) => ones.filter((one) => one.isCovered).length / ones.length),
  );
  const missed = all.filter((one) => !one.isCovered);
  const share = covered / Math.max(1, all.length);
  const binomial = clopperPearson(covered, all.length, { level: 0.95 });
  return {
    name,
    share,
    upper: bySeed.upper,
    cells: [
      name,
      String(all.length),
      String(covered),
      percent(share),
      'lower' in binomial ? `${percent(binomial.lower)} … ${percent(binomial.upper)}` : '–',
      bySeed.upper === null
        ? percent(bySeed.mean)
        : `${percent(bySeed.mean)} ± ${number(100 * (bySeed.upper - bySeed.mean), 1)}`,
      String(missed.filter(({ error }) => error > 0).length),
      String(missed.filter(({ error }) => error < 0).length),
    ],
  };
}
