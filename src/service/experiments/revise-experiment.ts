import { AllotError } from '../../core/errors.ts';
import type { Experiment, ExperimentState } from '../../core/experiment/experiment.ts';
import type { ExperimentChange } from '../../core/experiment/transition.ts';
import { isPseudonym, type PseudonymOf } from '../identity/pseudonyms.ts';
import { actorOf } from '../registry/actor.ts';
import { authorise, type Principal } from '../registry/principal.ts';
import { mustFindSurface } from '../registry/surfaces.ts';
import { experimentSchema } from '../schemas/experiment.ts';
import { parseWith } from '../schemas/parse.ts';
import { experimentOf, resolveVariants } from './declare-experiment.ts';
import { administered, type ExperimentsDependencies } from './find-experiment.ts';

export async function createExperiment(
  deps: ExperimentsDependencies,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  const { experiment, reason } = await declared(deps, body, principal, deps.salt());
  if ((await deps.experiments.find(principal.tenant, experiment.id)) !== undefined) {
    throw new AllotError('state_conflict', `an experiment named ${experiment.id} exists already`);
  }
  await deps.experiments.create(experiment, actorOf(principal, reason));
  return experiment;
}

/** Declares it anew: whole while it is a draft, later only what moves nobody to another side. */
export async function reviseExperiment(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  const current = await administered(deps, id, principal);
  const { experiment, reason } = await declared(deps, body, principal, current.salt);
  if (experiment.id !== id) throw new AllotError('invalid_request', `name: must be ${id}, as in the path`);
  const isDraft = current.state === 'draft';
  const revised: Experiment = {
    ...experiment,
    state: current.state,
    // What is open stays open; versions that were pinned stay pinned while the declaration names the same alias.
    ...(isDraft ? {} : { blocks: current.blocks, variants: pinned(current, experiment) }),
    ...(current.createdBy === undefined ? {} : { createdBy: current.createdBy }),
    revisedBy: principal.keyId,
  };
  const from: ExperimentState[] = ['draft', 'running', 'paused'];
  const change: ExperimentChange = {
    from: from.filter((state) => state === current.state),
    to: current.state,
    revised,
  };
  const next = await deps.experiments.transition(id, change, actorOf(principal, reason));
  await deps.serving.refresh();
  return next;
}

function pinned(current: Experiment, next: Experiment): Experiment['variants'] {
  return next.variants.map((variant) => {
    const before = current.variants.find(({ name }) => name === variant.name);
    return before?.alias !== undefined && before.alias === variant.alias
      ? { ...variant, policyVersion: before.policyVersion }
      : variant;
  });
}

async function declared(
  deps: ExperimentsDependencies,
  body: unknown,
  principal: Principal,
  salt: string,
): Promise<{ readonly experiment: Experiment; readonly reason: string | undefined }> {
  authorise(principal, 'administer');
  const declaration = parseWith(experimentSchema, body);
  authorise(principal, 'administer', declaration.surface);
  const { tenant } = principal;
  const surface = await mustFindSurface(deps.surfaces, tenant, declaration.surface);
  const variants = await resolveVariants(
    deps.policies,
    { tenant, surface: declaration.surface, trust: deps.trust },
    declaration.variants,
  );
  const known = { variants, salt, now: deps.clock(), by: principal.keyId };
  const experiment = renamedUnits(experimentOf(declaration, surface, known), tenant, deps.pseudonymOf);
  return { experiment, reason: declaration.reason };
}

/** Forced units under the names that decisions carry; one that has been read back has them already. */
function renamedUnits(
  experiment: Experiment,
  tenant: string,
  pseudonymOf: PseudonymOf | undefined,
): Experiment {
  const { forcedUnits } = experiment;
  if (forcedUnits === undefined || pseudonymOf === undefined) return experiment;
  const renamed = Object.entries(forcedUnits).map(
    ([unitId, variant]) => [isPseudonym(unitId) ? unitId : pseudonymOf(tenant, unitId), variant] as const,
  );
  return { ...experiment, forcedUnits: Object.fromEntries(renamed) };
}
