import type { Surface } from '../../../src/core/surface/surface.ts';
import type { LearningStudy } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { settingsNotes, toJson } from './answer.ts';
import { isAbove, isBelow, isNotAbove, isNotBelow, together, type Claim } from './claims.ts';
import { withInterval } from './format.ts';
import { lambdaSweep, twoStageMethods, twoStageNote } from './methods.ts';
import { find, learned, meanOf, perDecision, perSession, type Outcome } from './outcomes.ts';
import { runMethods, type MethodResult, type StudyRuns } from './run-study.ts';
import { studyWorld } from './study-world.ts';

/**
 * Study 1: tscac against cloning, one-reward and constrained baselines. Watch time and auxiliaries are totals of a session (a policy
 * that keeps a unit longer gets more of everything); costs are per decision, as the surface constrains them.
 */
export const twoStage: LearningStudy = async (run) => {
  const { surface } = studyWorld(run.world?.raw ?? null);
  const sweep = run.isMainOnly === true ? [] : lambdaSweep(run.isShort);
  const runs = await runMethods(run, 'two-stage', [...twoStageMethods, ...sweep]);
  const isSweep = ({ method }: MethodResult): boolean => sweep.some(({ name }) => name === method.name);
  const methods = { ...runs, methods: runs.methods.filter((result) => !isSweep(result)) };
  const tables = [
    mainTable(surface, methods),
    ...(sweep.length === 0 ? [] : [sweepTable(surface, { ...runs, methods: runs.methods.filter(isSweep) })]),
  ];
  return { tables, result: toJson('two-stage', runs, tables) };
};

interface ResponseColumn {
  readonly name: string;
  readonly role: 'main' | 'auxiliary' | 'cost';
  readonly outcome: Outcome;
}

/** `session_end` per decision is the inverse of the session's length: shown as a cost like the others. */
export const responseColumns = (surface: Surface): ResponseColumn[] =>
  surface.responses.map(({ name, role }) => ({
    name,
    role,
    outcome: role === 'cost' ? perDecision(name) : perSession(name),
  }));

const headerOf = (surface: Surface): string[] => [
  'method',
  ...responseColumns(surface).map(({ name, role }) => (role === 'cost' ? `${name} / decision` : name)),
  'streams',
];

const rowOf = (surface: Surface, result: MethodResult): string[] => [
  result.method.name,
  ...responseColumns(surface).map(({ outcome }) => withInterval(meanOf(result, outcome))),
  withInterval(meanOf(result, ({ share }) => share)),
];

function mainTable(surface: Surface, runs: StudyRuns): StudyTable {
  return {
    title: `Two-stage: true value per session, ${runs.world}`,
    notes: [...settingsNotes(runs), twoStageNote],
    header: headerOf(surface),
    rows: runs.methods.map((result) => rowOf(surface, result)),
    claims: claimsOf(surface, runs),
  };
}

function claimsOf(surface: Surface, runs: StudyRuns): Claim[] {
  const columns = responseColumns(surface);
  const main = columns.find(({ role }) => role === 'main');
  const [tscac, bc] = ['tscac', 'bc'].map((name) => find(runs, name));
  if (main === undefined || tscac === undefined || bc === undefined) return [];
  const others = learned(runs).filter((result) => result !== tscac);
  const highest = others.map((other) => isAbove(tscac, other, main.outcome, main.name));
  const kept = columns
    .filter(({ role }) => role !== 'main')
    .map(({ name, role, outcome }) => (role === 'cost' ? isNotAbove : isNotBelow)(tscac, bc, outcome, name));
  return [
    together(`tscac has the highest ${main.name} of all learned methods`, highest),
    together('no auxiliary or cost of tscac is worse than that of bc', kept),
    ...paretoClaim(runs, bc, main.outcome, main.name),
    ...scalarisedClaims(runs, bc, columns),
  ];
}

function paretoClaim(runs: StudyRuns, bc: MethodResult, outcome: Outcome, name: string): Claim[] {
  const pareto = find(runs, 'pareto');
  return pareto === undefined ? [] : [isBelow(pareto, bc, outcome, name)];
}

/** The paper's trouble with one reward: it raises the dense response and loses a rare one. */
function scalarisedClaims(runs: StudyRuns, bc: MethodResult, columns: readonly ResponseColumn[]): Claim[] {
  const scalarised = find(runs, 'rcpo-scalarised');
  if (scalarised === undefined) return [];
  const main = columns.filter(({ role }) => role === 'main');
  const broken = columns
    .filter(({ role }) => role !== 'main')
    .map(({ name, role, outcome }) => (role === 'cost' ? isAbove : isBelow)(scalarised, bc, outcome, name))
    .filter(({ holds }) => holds);
  return [
    ...main.map(({ name, outcome }) => isAbove(scalarised, bc, outcome, name)),
    {
      claim:
        'rcpo-scalarised is worse than bc in at least one auxiliary or cost' +
        (broken.length === 0 ? '' : `: ${broken.map(({ claim }) => claim).join('; ')}`),
      holds: broken.length > 0,
    },
  ];
}

function sweepTable(surface: Surface, runs: StudyRuns): StudyTable {
  const main = responseColumns(surface).find(({ role }) => role === 'main');
  const [smallest, largest] = [runs.methods[0], runs.methods[runs.methods.length - 1]];
  const claims =
    main === undefined || smallest === undefined || largest === smallest
      ? []
      : [isAbove(smallest, largest, main.outcome, main.name)];
  return {
    title: `Two-stage: sweep of λ, ${runs.world}`,
    notes: [
      ...settingsNotes(runs),
      'λ in standard deviations of the main advantage, shared by all auxiliaries: small follows the main response, large the auxiliary policies.',
    ],
    header: headerOf(surface),
    rows: runs.methods.map((result) => rowOf(surface, result)),
    claims,
  };
}
