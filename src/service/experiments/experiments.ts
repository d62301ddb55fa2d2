import { AllotError } from '../../core/errors.ts';
import type { Experiment, ExperimentNote, ExperimentState } from '../../core/experiment/experiment.ts';
import type { ExperimentChange } from '../../core/experiment/transition.ts';
import { isPseudonym, type PseudonymOf } from '../identity/pseudonyms.ts';
import type { ExperimentStore, PolicyStore, SurfaceStore } from '../ports/stores.ts';
import { actorOf } from '../registry/actor.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { authorise, coversSurface, type Principal } from '../registry/principal.ts';
import { mustFindSurface } from '../registry/surfaces.ts';
import { approvalSchema, experimentSchema, promoteSchema, startSchema } from '../schemas/experiment.ts';
import { parseOptional, parseWith } from '../schemas/parse.ts';
import { reasonOnlySchema } from '../schemas/registry.ts';
import type { Serving } from '../serving/serving.ts';
import { experimentOf, resolveVariants } from './declare-experiment.ts';
import { nextBlock } from './ramp-blocks.ts';

export interface Experiments {
  list(principal: Principal, surface?: string): Promise<readonly Experiment[]>;
  find(id: string, principal: Principal): Promise<Experiment>;
  create(body: unknown, principal: Principal): Promise<Experiment>;
  /** A new declaration: whole for a draft; later only what moves nobody to another side. */
  revise(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** A second key agrees to the start or to the promotion. */
  approve(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** Starts a draft, resumes a paused one, or widens a running one when a larger `trafficShare` is given. */
  start(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** Units go to the champion until it is started again; sides are kept. */
  pause(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** Ends it for good: every unit is on the champion again. */
  stop(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  rollback(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** Moves the champion alias to a treatment of a decided experiment and stops it. */
  promote(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  results(id: string, principal: Principal): Promise<unknown>;
  /** Looks that were stored, oldest first. */
  looks(id: string, principal: Principal): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Effect, guardrails and sample ratio now; provided by `service/experiment-analysis`. */
export type AnalyseExperiment = (tenant: string, experiment: Experiment) => Promise<unknown>;

export interface ExperimentsDependencies {
  readonly experiments: ExperimentStore;
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly serving: Pick<Serving, 'refresh'>;
  readonly clock: () => number;
  /** A random salt, hex. */
  readonly salt: () => string;
  readonly analyse: AnalyseExperiment;
  /** Default: units keep the ids they come with. */
  readonly pseudonymOf?: PseudonymOf | undefined;
  /** Default: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
}

export function createExperiments(deps: ExperimentsDependencies): Experiments {
  const find = (id: string, principal: Principal) => findExperiment(deps, id, principal);
  const move =
    (to: ExperimentState, from: readonly ExperimentState[]) =>
    (id: string, body: unknown, principal: Principal) =>
      moveExperiment(deps, id, { to, from }, body, principal);
  return {
    async list(principal, surface) {
      authorise(principal, 'view', surface);
      const all = await deps.experiments.list(principal.tenant, surface);
      return all.filter((experiment) => coversSurface(principal, experiment.surface));
    },
    find,
    create: (body, principal) => create(deps, body, principal),
    revise: (id, body, principal) => revise(deps, id, body, principal),
    approve: (id, body, principal) => approve(deps, id, body, principal),
    start: (id, body, principal) => start(deps, id, body, principal),
    pause: move('paused', ['running']),
    stop: move('stopped', ['draft', 'running', 'paused', 'decided']),
    rollback: move('rolled-back', ['running', 'paused', 'decided']),
    promote: (id, body, principal) => promote(deps, id, body, principal),
    async results(id, principal) {
      authorise(principal, 'view');
      return await deps.analyse(principal.tenant, await find(id, principal));
    },
    async looks(id, principal) {
      await find(id, principal);
      return await deps.experiments.looks(principal.tenant, id);
    },
  };
}

async function findExperiment(
  { experiments }: ExperimentsDependencies,
  id: string,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'view');
  const experiment = await experiments.find(principal.tenant, id);
  if (experiment === undefined) throw new AllotError('experiment_unknown', 'the experiment does not exist');
  authorise(principal, 'view', experiment.surface);
  return experiment;
}

async function administered(
  deps: ExperimentsDependencies,
  id: string,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const experiment = await findExperiment(deps, id, principal);
  authorise(principal, 'administer', experiment.surface);
  return experiment;
}

async function start(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const { trafficShare, reason } = parseOptional(startSchema, body);
  const experiment = await administered(deps, id, principal);
  const isFirst = experiment.state === 'draft';
  if (isFirst) refuseUnapproved(experiment, 'start');
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

const noteOf = ({ keyId }: Principal, at: number, reason: string | undefined): ExperimentNote => ({
  by: keyId,
  at,
  reason: reason ?? null,
});

function refuseUnapproved({ id, plan, approvals }: Experiment, purpose: 'start' | 'promote'): void {
  if (plan?.isApprovalNeeded !== true) return;
  if (approvals?.some((approval) => approval.purpose === purpose) === true) return;
  throw new AllotError('state_conflict', `experiment ${id} needs a second key's approval to ${purpose}`);
}

async function approve(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  const experiment = await administered(deps, id, principal);
  const { purpose, reason } = parseOptional(approvalSchema, body);
  if (experiment.createdBy === principal.keyId) {
    throw new AllotError('forbidden', 'the key that created an experiment cannot approve it');
  }
  const from: ExperimentState[] = purpose === 'start' ? ['draft'] : ['decided'];
  const approval = { by: principal.keyId, at: deps.clock(), purpose };
  const change: ExperimentChange = { from, to: from[0], approval };
  return await deps.experiments.transition(id, change, actorOf(principal, reason));
}

async function moveExperiment(
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

async function promote(
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
  if (experiment.state !== 'decided') {
    throw new AllotError(
      'state_conflict',
      `experiment ${id} is ${experiment.state}; to promote it must be decided`,
    );
  }
  refuseUnapproved(experiment, 'promote');
  const words = reason ?? `experiment ${id}: ${experiment.decision?.verdict ?? 'decided'}`;
  const why = actorOf(principal, words);
  // The alias first: in between, the rest of the units are on the treatment already and its own stay where they are.
  await deps.policies.setAlias(experiment.surface, alias, chosen.policyVersion, why);
  const note = noteOf(principal, deps.clock(), `promoted ${chosen.policyVersion} to ${alias}: ${words}`);
  const change: ExperimentChange = { from: ['decided'], to: 'stopped', note };
  const stopped = await deps.experiments.transition(id, change, why);
  await deps.serving.refresh();
  return stopped;
}

async function create(
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

async function revise(
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
    // A draft that changed must be approved anew.
    ...(isDraft || current.approvals === undefined ? {} : { approvals: current.approvals }),
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
