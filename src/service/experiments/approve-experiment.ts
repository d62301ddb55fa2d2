import type { Experiment, ExperimentState } from '../../core/experiment/experiment.ts';
import { actorOf } from '../registry/actor.ts';
import type { Principal } from '../registry/principal.ts';
import { approvalSchema } from '../schemas/experiment.ts';
import { parseOptional } from '../schemas/parse.ts';
import { administered, type ExperimentsDependencies } from './find-experiment.ts';

/** A key that did not write what the experiment says agrees to it. */
export async function approveExperiment(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  const experiment = await administered(deps, id, principal);
  const { purpose, reason } = parseOptional(approvalSchema, body);
  const from: readonly ExperimentState[] = purpose === 'start' ? ['draft', 'paused'] : ['decided'];
  const to = from.find((state) => state === experiment.state) ?? from[0];
  const approval = { by: principal.keyId, at: deps.clock(), purpose };
  return await deps.experiments.transition(id, { from: [to], to, approval }, actorOf(principal, reason));
}
