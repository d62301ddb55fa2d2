import { AllotError } from '../core/errors.ts';
import type { Experiment } from '../core/experiment/experiment.ts';
import { judgementOf } from '../core/experiment/frozen-fields.ts';
import { changedExperiment, detailsOf } from '../core/experiment/transition.ts';
import type { ExperimentStore } from '../service/ports/stores.ts';
import { requireSurface, setAlias } from './registry.ts';
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
      changed(state, actor, 'experiment.create', experiment.id, { judgement: judgementOf(experiment) });
    },
    async find(tenant, id) {
      return copy(state.experiments.get(keyOf(tenant, id))?.experiment);
    },
    async list(tenant, surface) {
      return [...state.experiments.values()]
        .filter((e) => e.tenant === tenant && (surface === undefined || e.experiment.surface === surface))
        .map((e) => copy(e.experiment));
    },
    async transition(id, change, actor) {
      const entry = require(actor.tenant, id);
      const details = detailsOf(entry.experiment, change);
      const next = copy(changedExperiment(entry.experiment, change));
      if (change.promotes !== undefined)
        setAlias(state, { surface: next.surface, ...change.promotes }, actor);
      entry.experiment = next;
      changed(state, actor, 'experiment.transition', id, details);
      return copy(entry.experiment);
    },
    async recordLook(id, look, actor) {
      require(actor.tenant, id).looks.push(copy(look));
    },
    async looks(tenant, id, { limit, before = Infinity }) {
      const all = state.experiments.get(keyOf(tenant, id))?.looks ?? [];
      const until = Math.min(all.length, before - 1);
      const from = Math.max(0, until - limit);
      const looks = copy(all.slice(from, until)) as Record<string, unknown>[];
      return { looks, next: from > 0 ? from + 1 : null, stored: all.length };
    },
  };
}
