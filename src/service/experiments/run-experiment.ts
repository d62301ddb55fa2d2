import type { Experiment, ExperimentState } from '../../core/experiment/experiment.ts';
import type { ExperimentChange } from '../../core/experiment/transition.ts';
import { actorOf } from '../registry/actor.ts';
import { authorise, type Principal } from '../registry/principal.ts';
import { startSchema } from '../schemas/experiment.ts';
import { parseOptional } from '../schemas/parse.ts';
import { reasonOnlySchema } from '../schemas/registry.ts';
import { resolveVariants } from './declare-experiment.ts';
import { administered, noteOf, type ExperimentsDependencies } from './find-experiment.ts';
import { nextBlock } from './ramp-blocks.ts';

/** Starts a draft, resumes what is paused, or widens what runs. */
export async function startExperiment(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const { trafficShare, reason } = parseOptional(startSchema, body);
  const experiment = await administered(deps, id, principal);
  const isFirst = experiment.state === 'draft';
  const now = deps.clock();
  const openBlock = trafficShare === undefined ? null : nextBlock(experiment, trafficShare, now);
  const from: ExperimentState[] = isFirst
    ? ['draft']
    : openBlock === null
      ? ['paused']
      : ['paused', 'running'];
  const { tenant } = principal;
  const where = { tenant, surface: experiment.surface, trust: deps.trust };
  const change: ExperimentChange = {
    from,
    to: 'running',
    note: noteOf(principal, now, reason),
    ...(openBlock === null ? {} : { openBlock }),
    ...(isFirst
      ? { start: { variants: await resolveVariants(deps.policies, where, experiment.variants), at: now } }
      : {}),
  };
  const started = await deps.experiments.transition(id, change, actorOf(principal, reason));
  await deps.serving.refresh();
  return started;
}

/** Pauses, stops or takes back. */
export async function moveExperiment(
  deps: ExperimentsDependencies,
  id: string,
  change: Pick<ExperimentChange, 'from' | 'to'>,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const { reason } = parseOptional(reasonOnlySchema, body);
  await administered(deps, id, principal);
  const note = noteOf(principal, deps.clock(), reason);
  const moved = await deps.experiments.transition(id, { ...change, note }, actorOf(principal, reason));
  await deps.serving.refresh();
  return moved;
}
