import { costOf, type TabularWorld } from '../../../src/simulation/tabular/tabular-world.ts';
import { number, percent, withInterval } from '../learning/format.ts';
import type { SeedMean } from '../learning/statistics.ts';
import type { LearningStudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import type { ConstrainedOptimum } from './constrained-optimum.ts';
import { bestOf, type MethodOutcome } from './outcomes.ts';
import { BEHAVIOR_SHARE } from './run-method.ts';
import { TOLERANCE, type OptimumSettings } from './settings.ts';
import type { ExactTruth } from './study.ts';

/** What the best learned policy has to reach. */
const WANTED = 0.95;

export function optimumTable(answer: {
  readonly run: LearningStudyRun;
  readonly world: TabularWorld;
  readonly settings: OptimumSettings;
  readonly truth: ExactTruth;
  readonly outcomes: readonly MethodOutcome[];
}): StudyTable {
  const { run, world, truth, outcomes } = answer;
  return {
    title: `Share of the exact constrained optimum: ${world.name} (${plural(run.seeds.length, 'seed')})`,
    notes: [worldNote(answer), optimumNote(world, truth), settingsNote(answer)],
    header: [
      'method',
      'V(π)',
      ...world.constraints.map(({ name }) => name),
      'feasible',
      'V/V*',
      'gain share',
      'V/V* without limits',
      's',
    ],
    rows: [
      exactRow('the optimum', world, truth.declared, truth),
      exactRow(`the optimum, limits loosened by ${percent(TOLERANCE, 0)}`, world, truth.constrained, truth),
      exactRow('the optimum without limits', world, truth.unconstrained, truth),
      ...outcomes.map(rowOf),
    ],
    claims: [...exactClaims(truth, outcomes), ...(run.isShort ? [] : [bestClaim(outcomes)])],
  };
}

const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

function worldNote({ world }: { readonly world: TabularWorld }): string {
  const parts = world.dimensions.map(({ name, levels }) => `${name} (${levels.length})`).join(' × ');
  const limits = world.constraints
    .map((c) => `${c.name}: ${costOf(c)} ${c.direction.replace('-', ' ')} ${c.threshold}`)
    .join('; ');
  return (
    `${world.states.length} states: ${parts}; actions ${world.actions.join(', ')}; γ = ${world.discount}; floor ε = ` +
    `${world.explorationFloor}. V: discounted main response of a session; limits, on the mean per discounted decision: ` +
    `${limits === '' ? 'none' : limits}. All values and costs are exact (a linear solve).`
  );
}

function optimumNote(world: TabularWorld, { declared, nothing }: ExactTruth): string {
  const prices = world.constraints
    .map(({ name }) => `${name} ${number(declared.multipliers[name])}`)
    .join(', ');
  return (
    `V*: occupancy-measure linear programme under limits and floor (λ: ${prices === '' ? '–' : prices}; mixes in ` +
    `${plural(declared.mixedStates, 'state')}; duality gap ${declared.dualityGap.toExponential(0)}). A cost above its limit by ` +
    `at most ${percent(TOLERANCE, 0)} of it counts as feasible, and V* has the same room, so no share exceeds 1. V/V*: over ` +
    `feasible seeds. Gain share: (V − V(null)) / (V* − V(null)), V(null) = ${number(nothing.value)}.`
  );
}

function settingsNote({
  run,
  settings,
}: {
  readonly run: LearningStudyRun;
  readonly settings: OptimumSettings;
}): string {
  const {
    steps,
    warmUpSteps,
    stageOneSteps,
    batchSize,
    polyak,
    averaging,
    evaluationRows,
    multiplierEvery,
    network,
  } = settings.training;
  const own = Object.entries(settings.own)
    .map(([name, config]) => `${name} ${JSON.stringify(config)}`)
    .join(', ');
  return (
    `Log: ${settings.units} sessions of a behaviour policy that allocates with probability ${BEHAVIOR_SHARE.toFixed(2)}. All trainings: ${warmUpSteps} + ${steps} steps of ` +
    `${batchSize} (stage one ${stageOneSteps}), τ ${polyak}, averaging ${averaging}, network ${network.hidden.join(', ')} + groups ${network.groupBlock}, costs evaluated on ` +
    `${evaluationRows} rows every ${multiplierEvery} updates, γ of the world for every critic; else the defaults, but for ${own}. "λ given": the programme's exact multipliers as fixed ones. ± is the ` +
    `95 % Student interval over seeds ${run.seeds.join(', ')}; s: seconds per training.`
  );
}

function exactRow(
  name: string,
  world: TabularWorld,
  { value, truth: { perDecision } }: ConstrainedOptimum,
  truth: ExactTruth,
): string[] {
  const costs = world.constraints.map((c) => number(perDecision[costOf(c)]));
  return [name, number(value), ...costs, '', '', '', percent(value / truth.unconstrained.value), ''];
}

function rowOf({ method, runs, ...of }: MethodOutcome): string[] {
  const stopped = runs.length - of.finished;
  return [
    method.name,
    withInterval(of.value),
    ...of.costs.map((cost) => withInterval(cost)),
    `${of.feasible}/${runs.length}${stopped > 0 ? ` (${stopped} stopped)` : ''}`,
    inPercent(of.share),
    inPercent(of.gainShare),
    inPercent(of.unconstrainedShare),
    method.arm === 'trained' ? of.trainingSeconds.toFixed(1) : '',
  ];
}

function inPercent(share: SeedMean | null): string {
  if (share === null) return '–';
  const half = share.upper === null ? '' : ` ± ${(100 * (share.upper - share.mean)).toFixed(1)}`;
  return `${(100 * share.mean).toFixed(1).replace('-', '−')}${half} %`;
}

function exactClaims(
  { declared, constrained, unconstrained }: ExactTruth,
  outcomes: readonly MethodOutcome[],
) {
  const shares = outcomes.flatMap(({ share, unconstrainedShare }) => [
    share?.mean ?? 0,
    unconstrainedShare?.mean ?? 0,
  ]);
  return [
    {
      claim:
        'limits cost something, and room in them is worth something: V* ≤ V* loosened ≤ V* without limits',
      holds:
        declared.value <= constrained.value * (1 + 1e-9) &&
        constrained.value <= unconstrained.value * (1 + 1e-9),
    },
    { claim: 'no policy is worth more than the optimum', holds: shares.every((share) => share <= 1 + 1e-9) },
  ];
}

function bestClaim(outcomes: readonly MethodOutcome[]): StudyTable['claims'][number] {
  const best = bestOf(outcomes);
  const share = best?.share?.mean ?? 0;
  const found = best === null ? 'none is feasible in every seed' : `${best.method.name}, ${percent(share)}`;
  return {
    claim: `the best learned policy that is feasible in every seed reaches at least ${percent(WANTED, 0)} of V* (${found})`,
    holds: share >= WANTED,
  };
}
