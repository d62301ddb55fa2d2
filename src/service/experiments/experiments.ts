import { refuse, violation } from '../../core/check.ts';
import { AllotError } from '../../core/errors.ts';
import type { Experiment, RampBlock } from '../../core/experiment/experiment.ts';
import type { ExperimentStore, PolicyStore, SurfaceStore } from '../ports/stores.ts';
import { actorOf } from '../registry/actor.ts';
import { mustBeServable } from '../registry/policies.ts';
import { authorise, coversSurface, type Principal } from '../registry/principal.ts';
import { mustFindSurface } from '../registry/surfaces.ts';
import { parseWith } from '../schemas/parse.ts';
import {
  experimentSchema,
  reasonOnlySchema,
  startSchema,
  type ExperimentDeclaration,
} from '../schemas/registry.ts';
import type { Serving } from '../serving/serving.ts';
import { nextBlock } from './ramp-blocks.ts';

export interface Experiments {
  list(principal: Principal, surface?: string): Promise<readonly Experiment[]>;
  find(id: string, principal: Principal): Promise<Experiment>;
  create(body: unknown, principal: Principal): Promise<Experiment>;
  /** Starts a draft, resumes a paused one, or widens a running one when a larger `trafficShare` is given. */
  start(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** Units go to the champion until it is started again; sides are kept. */
  pause(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** Ends it for good: every unit is on the champion again. */
  stop(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  rollback(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  results(id: string, principal: Principal): Promise<unknown>;
}

/** Effect, guardrails and sample ratio now; provided by `service/experiment-analysis`. */
export type AnalyseExperiment = (tenant: string, experiment: Experiment) => Promise<unknown>;

export interface ExperimentsDependencies {
  readonly experiments: ExperimentStore;
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly serving: Serving;
  readonly clock: () => number;
  /** A random salt, hex. */
  readonly salt: () => string;
  readonly analyse: AnalyseExperiment;
}

type State = Experiment['state'];

export function createExperiments(deps: ExperimentsDependencies): Experiments {
  const find = (id: string, principal: Principal) => findExperiment(deps, id, principal);
  const end = (to: State, from: readonly State[]) => (id: string, body: unknown, principal: Principal) =>
    endExperiment(deps, { id, to, from }, body, principal);
  return {
    async list(principal, surface) {
      authorise(principal, 'view', surface);
      const all = await deps.experiments.list(principal.tenant, surface);
      return all.filter((experiment) => coversSurface(principal, experiment.surface));
    },
    find,
    create: (body, principal) => create(deps, body, principal),
    start: (id, body, principal) => start(deps, id, body, principal),
    pause: end('paused', ['running']),
    stop: end('stopped', ['draft', 'running', 'paused']),
    rollback: end('rolled-back', ['running', 'paused']),
    async results(id, principal) {
      authorise(principal, 'view');
      return await deps.analyse(principal.tenant, await find(id, principal));
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

async function start(
  deps: ExperimentsDependencies,
  id: string,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const { trafficShare, reason } = parseWith(startSchema, body ?? {});
  const experiment = await findExperiment(deps, id, principal);
  authorise(principal, 'administer', experiment.surface);
  if (experiment.state === 'draft') await refuseOvertaken(deps.experiments, experiment, principal.tenant);
  const openBlock = trafficShare === undefined ? null : nextBlock(experiment, trafficShare, deps.clock());
  const from: State[] = openBlock === null ? ['draft', 'paused'] : ['draft', 'paused', 'running'];
  const change = { from, to: 'running' as const, ...(openBlock === null ? {} : { openBlock }) };
  const started = await deps.experiments.transition(id, change, actorOf(principal, reason));
  await deps.serving.refresh();
  return started;
}

async function endExperiment(
  deps: ExperimentsDependencies,
  change: { readonly id: string; readonly to: State; readonly from: readonly State[] },
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const { reason } = parseWith(reasonOnlySchema, body ?? {});
  const { id, from, to } = change;
  const { surface } = await findExperiment(deps, id, principal);
  authorise(principal, 'administer', surface);
  const ended = await deps.experiments.transition(id, { from, to }, actorOf(principal, reason));
  await deps.serving.refresh();
  return ended;
}

async function create(
  deps: ExperimentsDependencies,
  body: unknown,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const declared = parseWith(experimentSchema, body);
  authorise(principal, 'administer', declared.surface);
  checkVariants(declared);
  await mustFindSurface(deps.surfaces, principal.tenant, declared.surface);
  for (const { policyVersion } of declared.variants) {
    await mustBeServable(deps.policies, principal.tenant, policyVersion, declared.surface);
  }
  if ((await deps.experiments.find(principal.tenant, declared.name)) !== undefined) {
    throw new AllotError('state_conflict', `an experiment named ${declared.name} exists already`);
  }
  const experiment: Experiment = {
    id: declared.name,
    surface: declared.surface,
    name: declared.name,
    state: 'draft',
    salt: deps.salt(),
    layer: declared.layer,
    holdoutShare: declared.holdoutShare,
    variants: declared.variants,
    blocks: firstBlocks(declared.trafficShare, deps.clock()),
    level: declared.level,
  };
  await deps.experiments.create(experiment, actorOf(principal, declared.reason));
  return experiment;
}

/** A draft carries its first block; it takes effect when the experiment starts. */
const firstBlocks = (trafficShare: number, now: number): RampBlock[] => {
  const block = nextBlock({ blocks: [] }, trafficShare, now);
  return block === null ? [] : [block];
};

function checkVariants({ variants }: ExperimentDeclaration): void {
  const names = new Set(variants.map(({ name }) => name));
  const controls = variants.filter(({ role }) => role === 'control').length;
  refuse('invalid_request', [
    ...(names.size === variants.length ? [] : [violation('variants', 'must have different names')]),
    ...(controls === 1 ? [] : [violation('variants', 'must have exactly one control', controls)]),
  ]);
}

/**
 * A unit belongs to the experiment whose block opened first. A draft's first block is dated by its creation, so one that
 * was overtaken by a running experiment would pull units out of that one: it has to be created anew.
 */
async function refuseOvertaken(
  experiments: ExperimentStore,
  draft: Experiment,
  tenant: string,
): Promise<void> {
  const createdAt = Math.min(...draft.blocks.map(({ openedAt }) => openedAt));
  const overtaker = (await experiments.list(tenant, draft.surface)).find(
    ({ id, state, blocks }) =>
      id !== draft.id && state === 'running' && blocks.some(({ openedAt }) => openedAt > createdAt),
  );
  if (overtaker === undefined) return;
  throw new AllotError(
    'state_conflict',
    `${overtaker.id} started after this draft was created: create it anew`,
  );
}
