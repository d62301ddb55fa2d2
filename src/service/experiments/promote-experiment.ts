import { AllotError } from '../../core/errors.ts';
import type { Experiment } from '../../core/experiment/experiment.ts';
import type { ExperimentChange } from '../../core/experiment/transition.ts';
import { actorOf } from '../registry/actor.ts';
import { mustBeTrusted, mustFindPolicy } from '../registry/policies.ts';
import type { Principal } from '../registry/principal.ts';
import { promoteSchema } from '../schemas/experiment.ts';
import { parseOptional } from '../schemas/parse.ts';
import { administered, noteOf, type ExperimentsDependencies } from './find-experiment.ts';

/** Moves the alias to the treatment of a decided experiment and stops it. */
export async function promoteExperiment(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  const experiment = await administered(deps, id, principal);
  const { variant, alias, reason } = parseOptional(promoteSchema, body);
  const treatments = experiment.variants.filter(({ role }) => role === 'treatment');
  const chosen = variant === undefined ? treatments.at(0) : treatments.find(({ name }) => name === variant);
  if (chosen === undefined || (variant === undefined && treatments.length > 1)) {
    const names = treatments.map(({ name }) => name).join(', ');
    throw new AllotError('invalid_request', `variant: must be one of ${names}`);
  }
  const words = reason ?? `experiment ${id}: ${experiment.decision?.verdict ?? 'decided'}`;
  const why = actorOf(principal, words);
  const policy = await mustFindPolicy(deps.policies, principal.tenant, chosen.policyVersion);
  await mustBeTrusted(deps.policies, principal.tenant, policy, deps.trust);
  const note = noteOf(principal, deps.clock(), `promoted ${chosen.policyVersion} to ${alias}: ${words}`);
  const promotes = { alias, version: chosen.policyVersion };
  const change: ExperimentChange = { from: ['decided'], to: 'stopped', note, promotes };
  const stopped = await deps.experiments.transition(id, change, why);
  await deps.serving.refresh();
  return stopped;
}
