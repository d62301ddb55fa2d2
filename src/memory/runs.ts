import { AllotError } from '../core/errors.ts';
import type { ForecastStore, JobQueue, NewRun, RunRecord, RunStore } from '../service/ports/runs.ts';
import type { Actor } from '../service/ports/stores.ts';
import { audit, compareText, copy, keyOf, type MemoryState } from './state.ts';

export function createRunStore(state: MemoryState): RunStore {
  const move = (tenant: string, id: string, change: Partial<RunRecord>): void => {
    const entry = state.runs.get(keyOf(tenant, id));
    if (entry === undefined) throw new AllotError('run_unknown', `run ${id} does not exist`);
    if (entry.run.finishedAt !== null)
      throw new AllotError('state_conflict', `run ${id} is ${entry.run.state}`);
    entry.run = { ...entry.run, ...copy(change) };
  };
  const create = ({ id, kind, surface, config }: NewRun, actor: Actor): void => {
    const key = keyOf(actor.tenant, id);
    if (state.runs.has(key)) throw new AllotError('state_conflict', `id: run ${id} exists`);
    const run: RunRecord = {
      ...{ id, kind, surface, config: copy(config), state: 'queued' },
      ...{
        result: null,
        reportHtml: null,
        hasReport: false,
        error: null,
        createdAt: state.now(),
        finishedAt: null,
      },
    };
    state.runs.set(key, { tenant: actor.tenant, run });
    audit(state, actor, 'run.create', id, { kind });
  };
  const kills = new Map<string, number>();
  return {
    async create(run, actor) {
      create(run, actor);
    },
    async enqueue(run, actor) {
      create(run, actor);
      state.jobs.set(keyOf(actor.tenant, run.id), { kind: run.kind, runId: run.id, tenant: actor.tenant });
    },
    async countKill(tenant, id) {
      const key = keyOf(tenant, id);
      if (!state.runs.has(key)) throw new AllotError('run_unknown', `run ${id} does not exist`);
      kills.set(key, (kills.get(key) ?? 0) + 1);
      return kills.get(key) ?? 0;
    },
    async start(tenant, id) {
      move(tenant, id, { state: 'running' });
    },
    async finish(tenant, id, outcome) {
      const finishedAt = state.now();
      const { reportHtml = null } = outcome;
      const ended = { reportHtml, hasReport: reportHtml !== null, finishedAt };
      if ('error' in outcome) move(tenant, id, { state: 'failed', error: outcome.error, ...ended });
      else move(tenant, id, { state: 'succeeded', result: outcome.result, ...ended });
    },
    async find(tenant, id) {
      return copy(state.runs.get(keyOf(tenant, id))?.run);
    },
    async list(tenant, { kinds, surfaces, limit, before }) {
      const all = [...state.runs.values()]
        .filter((entry) => entry.tenant === tenant)
        .map(({ run: { reportHtml: _, ...run } }) => copy(run))
        .sort((a, b) => b.createdAt - a.createdAt || compareText(b.id, a.id));
      const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
      const asked = (before !== undefined && from === 0 ? [] : all.slice(from)).filter(
        ({ kind, surface }) => (kinds?.includes(kind) ?? true) && (surfaces?.includes(surface) ?? true),
      );
      const runs = asked.slice(0, limit);
      return { runs, next: asked.length > limit ? (runs.at(-1)?.id ?? null) : null };
    },
  };
}

export function createForecastStore(state: MemoryState): ForecastStore {
  const measuredAt = new Map<string, number>();
  return {
    async save(surface, forecast, actor) {
      const { policyVersion, response, estimand } = forecast;
      const key = keyOf(actor.tenant, surface, policyVersion, response, estimand);
      const online = forecast.online ?? state.forecasts.get(key)?.forecast.online ?? null;
      state.forecasts.set(key, { tenant: actor.tenant, surface, forecast: { ...copy(forecast), online } });
      if (forecast.online !== null) measuredAt.set(key, state.now());
      else audit(state, actor, 'forecast.save', `${policyVersion}/${response}`);
    },
    async list(tenant, surface) {
      return [...state.forecasts.entries()]
        .filter(([, entry]) => entry.tenant === tenant && (surface ?? entry.surface) === entry.surface)
        .sort(([a], [b]) => compareText(a, b))
        .map(([, entry]) => copy(entry.forecast));
    },
    async measured(tenant, surface) {
      return [...state.forecasts.entries()]
        .filter(([, entry]) => entry.tenant === tenant && (surface ?? entry.surface) === entry.surface)
        .filter(([, entry]) => entry.forecast.online !== null)
        .map(([key, entry]) => ({
          ...copy(entry.forecast),
          surface: entry.surface,
          measuredAt: measuredAt.get(key) ?? 0,
        }))
        .sort((a, b) => a.measuredAt - b.measuredAt || compareText(a.policyVersion, b.policyVersion));
    },
  };
}

/** Whoever runs jobs in a test takes them from `state.jobs`, from which none is ever lost. */
export const createJobQueue = (): JobQueue => ({ giveJobs: () => Promise.resolve(0) });
