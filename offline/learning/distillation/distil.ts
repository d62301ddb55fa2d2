import { actorProbabilities } from '../actor-critic/actor.ts';
import type { DivergenceConfig } from '../config.ts';
import { mapRows } from '../data/training-data.ts';
import type { Network } from '../networks/network.ts';
import type { CurvePoint, StepMetrics, TrainingContext } from '../run/learner.ts';
import { runLearner } from '../run/run-loop.ts';
import type { DistillationConfig } from './config.ts';
import { fidelityOf, type Fidelity } from './fidelity.ts';
import { DistillationLearner } from './learner.ts';
import { groupWeights } from './losses.ts';

export interface DistilledStudent {
  /** Disposed by whoever asked for it. */
  readonly student: Network;
  readonly curve: readonly CurvePoint[];
  /** `student:agreement`, `student:totalVariation` … and the same by group, on rows that the student did not learn from. */
  readonly metrics: StepMetrics;
}

/**
 * Teaches a small student to be a trained policy; a phase of its own, for any algorithm. The student is what is evaluated
 * and served, so the metrics say how far it is from its teacher, overall and by group.
 */
export async function distil(
  context: TrainingContext,
  teacher: Network,
  config: DistillationConfig,
  {
    phase = 'distillation',
    divergence,
  }: { readonly phase?: string; readonly divergence?: DivergenceConfig } = {},
): Promise<DistilledStudent> {
  const { data, split } = context;
  const learner = new DistillationLearner({
    teacher,
    data,
    config,
    groupWeights: groupWeights(data.groups, split.train, data.groupCount),
    random: context.random.fork(phase),
  });
  const loop = { ...config, phase, rows: split.train, watch: 'exported' as const };
  const { averaged, curve } = await runLearner(
    learner,
    context,
    divergence === undefined ? loop : { ...loop, divergence },
  );
  learner.dispose();
  return { student: averaged, curve, metrics: fidelityMetrics(context, teacher, averaged) };
}

function fidelityMetrics(
  { data, surface, split }: TrainingContext,
  teacher: Network,
  student: Network,
): StepMetrics {
  const rows = split.validation.length > 0 ? split.validation : split.train;
  const [ofTeacher, ofStudent] = [teacher, student].map((network) =>
    mapRows(data, rows, (states) => actorProbabilities(network, states)),
  );
  const nullIndex = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
  const compare = (states: number[]): Fidelity =>
    fidelityOf(ofTeacher, ofStudent, data.actionCount, nullIndex, states);
  const states = Array.from(rows, (_, i) => i);
  const groups = (surface.groups?.names ?? []).map((name, g) => ({
    name,
    states: states.filter((i) => data.groups[rows[i]] === g),
  }));
  return Object.assign(
    named(compare(states), ''),
    ...groups.flatMap((group) =>
      group.states.length === 0 ? [] : [named(compare(group.states), `:${group.name}`)],
    ),
  ) as StepMetrics;
}

const named = (fidelity: Fidelity, suffix: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(fidelity).map(([name, value]) => [`student:${name}${suffix}`, value as number]),
  );
