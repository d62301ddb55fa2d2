import type { Approval, Experiment, ExperimentState } from '../../core/experiment/experiment.ts';
import { actorOf } from '../registry/actor.ts';
import type { Principal } from '../registry/principal.ts';
import { approvalSchema } from '../schemas/experiment.ts';
import { parseOptional } from '../schemas/parse.ts';
import { administered, type ExperimentsDependencies } from './find-experiment.ts';

const agreedIn: Readonly<Record<Approval['purpose'], readonly ExperimentState[]>> = {
  start: ['draft', 'paused'],
  widen: ['draft', 'running', 'paused'],
  promote: ['decided'],
};

/** A key that did not write what the experiment says agrees to it. */
export async function approveExperiment(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  const experiment = await administered(deps, id, principal);
  const { purpose, trafficShare, reason } = parseOptional(approvalSchema, body);
  const from = agreedIn[purpose];
  const to = from.find((state) => state === experiment.state) ?? from[0];
  const share = trafficShare === undefined ? {} : { trafficShare };
  const approval: Approval = { by: principal.keyId, at: deps.clock(), purpose, ...share };
  return await deps.experiments.transition(id, { from: [to], to, approval }, actorOf(principal, reason));
}
