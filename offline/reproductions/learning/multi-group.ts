import type { Surface } from '../../../src/core/surface/surface.ts';
import { mainResponseOf } from '../../../src/core/surface/surface.ts';
import type { LearningStudy } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { settingsNotes, toJson } from './answer.ts';
import { isAbove, isNotAbove, together, type Claim } from './claims.ts';
import { number, withInterval } from './format.ts';
import { ablations, multiGroupMethods } from './methods.ts';
import { find, learned, meanOf, perDecision, perSession, relativeViolation } from './outcomes.ts';
import { runMethods, type MethodResult, type StudyRuns } from './run-study.ts';
import { seedMean } from './statistics.ts';
import { studyWorld } from './study-world.ts';

/**
 * Study 2: slmgac against one-reward and constrained baselines, and without each of its pieces: value, constraints, how much
 * critics differ between seeds, divergences, and what every activity group gets.
 */
export const multiGroup: LearningStudy = async (run) => {
  const { surface } = studyWorld(run.world?.raw ?? null);
  const runs = await runMethods(run, 'multi-group', [
    ...multiGroupMethods,
    ...(run.isMainOnly === true ? [] : ablations),
  ]);
  const isAblation = ({ method }: MethodResult): boolean =>
    ablations.some(({ name }) => name === method.name);
  const full = find(runs, 'slmgac');
  const without = runs.methods.filter(isAblation);
  const methods = { ...runs, methods: runs.methods.filter((result) => !isAblation(result)) };
  const tables = [
    table(
      surface,
      methods,
      `Multi-group, ${runs.world}`,
      full === undefined ? [] : methodClaims(surface, methods, full),
    ),
    ...(full === undefined || without.length === 0
      ? []
      : [
          table(
            surface,
            { ...runs, methods: [full, ...without] },
            `Multi-group: slmgac without its pieces, ${runs.world}`,
            without.flatMap((result) => ablationClaims(surface, full, result)),
          ),
        ]),
  ];
  return { tables, result: toJson('multi-group', runs, tables) };
};

const mainOf = (surface: Surface): string => mainResponseOf(surface)?.name ?? '';

/** Group 0 is the fallback: the world has no unit without a group. */
const groupsOf = (surface: Surface): readonly string[] => surface.groups?.names.slice(1) ?? ['all'];

/**
 * Σ_g std over seeds of the critic's mean Q in group g / number of groups, in the main response's unit (the reward's
 * scale undone). NaN: fewer than two seeds finished, or no critic.
 */
export function spreadOfQ({ seeds }: MethodResult, groups: readonly string[]): number {
  const perGroup = groups.map((group) => {
    const values = seeds.flatMap(({ meanQ }) => (meanQ?.[group] === undefined ? [] : [meanQ[group]]));
    return values.length < 2 ? NaN : (seedMean(values).spread ?? NaN);
  });
  return perGroup.reduce((sum, spread) => sum + spread, 0) / groups.length;
}

export const divergencesOf = ({ seeds }: MethodResult): number =>
  seeds.filter(({ diverged }) => diverged !== null).length;

function table(surface: Surface, runs: StudyRuns, title: string, claims: readonly Claim[]): StudyTable {
  const groups = groupsOf(surface);
  const main = mainOf(surface);
  const constrained = surface.constraints.map(({ name, on, threshold }) => ({ name, on, threshold }));
  return {
    title,
    notes: [
      ...settingsNotes(runs),
      `Constraints, per decision: ${constrained.map(({ name, threshold }) => `${name} ≤ ${threshold}`).join(', ')}; "violation" is the largest excess as a share of its threshold. ` +
        'Spread of Q: standard deviation over seeds of the critic’s mean value on the same held states, averaged over groups, in the main response’s unit. ' +
        'Streams: mean probability of a stream by group.',
    ],
    header: [
      'method',
      main,
      ...constrained.map(({ name }) => name),
      'violation',
      'spread of Q',
      'divergences',
      ...groups.map((group) => `streams: ${group}`),
    ],
    rows: runs.methods.map((result) => [
      result.method.name,
      withInterval(meanOf(result, perSession(main))),
      ...constrained.map(({ on }) =>
        withInterval(
          meanOf(result, on === 'share-of-actions' ? ({ share }) => share : perDecision(on.response)),
        ),
      ),
      withInterval(meanOf(result, relativeViolation), 3),
      shownSpread(result, groups),
      result.method.arm === 'trained' ? `${divergencesOf(result)} of ${result.seeds.length}` : '–',
      ...groups.map((group) =>
        withInterval(
          meanOf(result, ({ actionRate }) => actionRate?.[group]),
          3,
        ),
      ),
    ]),
    claims,
  };
}

function shownSpread(result: MethodResult, groups: readonly string[]): string {
  const spread = spreadOfQ(result, groups);
  return Number.isNaN(spread) ? '–' : number(spread);
}

function methodClaims(surface: Surface, runs: StudyRuns, full: MethodResult): Claim[] {
  const main = mainOf(surface);
  const others = learned(runs).filter((result) => result !== full);
  const groups = groupsOf(surface);
  const spread = spreadOfQ(full, groups);
  return [
    together(
      `slmgac has the highest ${main} of all learned methods`,
      others.map((other) => isAbove(full, other, perSession(main), main)),
    ),
    together(
      'no learned method violates the constraints less than slmgac',
      others.map((other) => isNotAbove(full, other, relativeViolation, 'violation')),
    ),
    {
      claim: `slmgac’s mean violation is 0: ${withInterval(meanOf(full, relativeViolation), 3)}`,
      holds: meanOf(full, relativeViolation)?.mean === 0,
    },
    together(
      `slmgac’s critics differ least between seeds (${Number.isNaN(spread) ? 'not known' : number(spread)})`,
      others
        .filter((other) => !Number.isNaN(spreadOfQ(other, groups)))
        .map((other) => ({
          claim: `spread of Q: ${other.method.name} ${number(spreadOfQ(other, groups))}`,
          holds: spread < spreadOfQ(other, groups),
        })),
    ),
    {
      claim: `slmgac diverged in ${divergencesOf(full)} of ${full.seeds.length} seeds, none expected`,
      holds: divergencesOf(full) === 0,
    },
  ];
}

/** A piece earns its place where leaving it out costs value, constraints, or stability. */
function ablationClaims(surface: Surface, full: MethodResult, without: MethodResult): Claim[] {
  const main = mainOf(surface);
  const [spread, spreadWithout] = [full, without].map((result) => spreadOfQ(result, groupsOf(surface)));
  const value = isAbove(full, without, perSession(main), main);
  const violation = isAbove(without, full, relativeViolation, 'violation');
  const stability = {
    claim: `spread of Q ${number(spread)} with it, ${number(spreadWithout)} without`,
    holds: spread < spreadWithout || divergencesOf(without) > divergencesOf(full),
  };
  return [value, violation, stability].map(({ claim, holds }) => ({
    claim: `slmgac needs what "${without.method.name}" leaves out: ${claim}`,
    holds,
  }));
}
