import type { Experiment, ExperimentState } from '../../core/experiment/experiment.ts';
import type { LookPage, PageRequest } from '../ports/stores.ts';
import { authorise, coversSurface, type Principal } from '../registry/principal.ts';
import { approveExperiment } from './approve-experiment.ts';
import { findExperiment, type ExperimentsDependencies } from './find-experiment.ts';
import { promoteExperiment } from './promote-experiment.ts';
import { createExperiment, reviseExperiment } from './revise-experiment.ts';
import { moveExperiment, startExperiment } from './run-experiment.ts';

export interface Experiments {
  list(principal: Principal, surface?: string): Promise<readonly Experiment[]>;
  find(id: string, principal: Principal): Promise<Experiment>;
  create(body: unknown, principal: Principal): Promise<Experiment>;
  /** A new declaration: whole for a draft; later only what moves nobody to another side. */
  revise(id: string, body: unknown, principal: Principal): Promise<Experiment>;
  /** A second key agrees to the start, to a widening or to the promotion. */
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
  looks(id: string, principal: Principal, page: PageRequest): Promise<LookPage>;
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
    create: (body, principal) => createExperiment(deps, body, principal),
    revise: (id, body, principal) => reviseExperiment(deps, id, body, principal),
    approve: (id, body, principal) => approveExperiment(deps, id, body, principal),
    start: (id, body, principal) => startExperiment(deps, id, body, principal),
    pause: move('paused', ['running']),
    stop: move('stopped', ['draft', 'running', 'paused', 'decided']),
    rollback: move('rolled-back', ['running', 'paused', 'decided']),
    promote: (id, body, principal) => promoteExperiment(deps, id, body, principal),
    async results(id, principal) {
      authorise(principal, 'view');
      return await deps.analyse(principal.tenant, await find(id, principal));
    },
    async looks(id, principal, page) {
      await find(id, principal);
      return await deps.experiments.looks(principal.tenant, id, page);
    },
  };
}
