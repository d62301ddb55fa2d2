import { AllotError } from '../core/errors.ts';
import type { Experiment } from '../core/experiment/experiment.ts';
import type { ExperimentStore } from '../service/ports/stores.ts';
import { requireSurface } from './registry.ts';
import { changed, copy, keyOf, type MemoryState } from './state.ts';

export function createExperimentStore(state: MemoryState): ExperimentStore {
  const require = (tenant: string, id: string): { experiment: Experiment; looks: object[] } => {
    const entry = state.experiments.get(keyOf(tenant, id));
    if (entry === undefined) throw new AllotError('experiment_unknown', `experiment ${id} does not exist`);
    return entry;
  };
  return {
    async create(experiment, actor) {
      requireSurface(state, actor.tenant, experiment.surface);
      const key = keyOf(actor.tenant, experiment.id);
      if (state.experiments.has(key)) {
        throw new AllotError('state_conflict', `id: experiment ${experiment.id} exists`);
      }
      state.experiments.set(key, { tenant: actor.tenant, experiment: copy(experiment), looks: [] });
      changed(state, actor, 'experiment.create', experiment.id);
    },
    async find(tenant, id) {
      return copy(state.experiments.get(keyOf(tenant, id))?.experiment);
    },
    async list(tenant, surface) {
      return [...state.experiments.values()]
        .filter((e) => e.tenant === tenant && (surface === undefined || e.experiment.surface === surface))
        .map((e) => copy(e.experiment));
    },
    async transition(id, { from, to, openBlock }, actor) {
      const entry = require(actor.tenant, id);
      const current = entry.experiment;
      if (!from.includes(current.state)) {
        throw new AllotError(
          'state_conflict',
          `experiment ${id} is ${current.state}; ${to} needs it to be ${from.join(' or ')}`,
        );
      }
      const blocks = openBlock === undefined ? current.blocks : [...current.blocks, copy(openBlock)];
      entry.experiment = { ...current, state: to, blocks };
      const details = { from: current.state, to, openBlock: openBlock ?? null };
      changed(state, actor, 'experiment.transition', id, details);
      return copy(entry.experiment);
    },
    async recordLook(id, look, actor) {
      require(actor.tenant, id).looks.push(copy(look));
    },
    async looks(tenant, id) {
      return copy(state.experiments.get(keyOf(tenant, id))?.looks ?? []) as Record<string, unknown>[];
    },
  };
}
