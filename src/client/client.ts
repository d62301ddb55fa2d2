import type { DecideAnswer } from '../service/serving/decide-answer.ts';
import type { Experiment } from '../core/experiment/experiment.ts';
import type { Surface } from '../core/surface/surface.ts';
import type { ForecastReport, ShadowReport } from '../service/experiments/evidence.ts';
import type { Forecast, RunPageRequest, RunSummary } from '../service/ports/runs.ts';
import type {
  AuditEntry,
  DecisionRecord,
  LookPage,
  PageRequest,
  PolicyVersion,
} from '../service/ports/stores.ts';
import type { ExperimentInput } from '../service/schemas/experiment.ts';
import type { Confirmations } from '../service/serving/confirmations.ts';
import type { SurfaceDeclaration } from '../service/schemas/surface.ts';
import { createTransport, pathOf, type ClientOptions, type ProblemDocument } from './transport.ts';

export type { ExperimentInput } from '../service/schemas/experiment.ts';
export { AllotApiError, type ClientOptions, type ProblemDocument } from './transport.ts';

export interface DecideInput {
  readonly requestId: string;
  readonly surface: string;
  readonly unitId: string;
  readonly sessionId?: string | null;
  readonly features?: Readonly<Record<string, unknown>>;
  readonly eligibleActions?: readonly string[];
}

export interface ExposureInput {
  readonly eventId: string;
  readonly decisionId: string;
  readonly occurredAt?: number;
}

export interface InteractionInput extends ExposureInput {
  readonly type: string;
  readonly value?: number;
}

export type RunRoute = 'training-runs' | 'evaluation-runs' | 'promotions';
export type RunView = Omit<RunSummary, 'hasReport'> & { readonly report: string | null };
export type BatchResult = { readonly decision: DecideAnswer } | { readonly problem: ProblemDocument };
export interface SurfaceDetails {
  readonly surface: Surface;
  readonly isKilled: boolean;
  readonly aliases: Readonly<Record<string, string>>;
}

/** With who serves the change: replicas that have applied it, and those that had not when the answer was given. */
export type KillAnswer = { readonly surface: string; readonly isKilled: boolean } & Confirmations;

export type AllotClient = ReturnType<typeof createClient>;

/** A typed client of the HTTP API; every refusal is thrown as `AllotApiError` with its problem document. */
export function createClient(options: ClientOptions) {
  const call = createTransport(options);
  return {
    ...decisionCalls(call),
    ...registryCalls(call),
    ...experimentCalls(call),
    ...operationCalls(call),
  };
}

type Transport = ReturnType<typeof createTransport>;

const decisionCalls = (call: Transport) => ({
  decide: (request: DecideInput) => call<DecideAnswer>('POST', '/v1/decisions', request),
  decideBatch: async (requests: readonly DecideInput[]) =>
    (await call<{ results: readonly BatchResult[] }>('POST', '/v1/decisions:batch', { requests })).results,
  expose: (exposures: readonly ExposureInput[]) =>
    call<{ accepted: number }>('POST', '/v1/exposures', { exposures }),
  interact: (interactions: readonly InteractionInput[]) =>
    call<{ accepted: number }>('POST', '/v1/interactions', { interactions }),
  /** `{ status: 'pending' }` while the record is on its way. */
  decision: (id: string) => call<DecisionRecord | { status: 'pending' }>('GET', pathOf`/v1/decisions/${id}`),
  replay: (id: string) =>
    call<{ match: boolean } | { status: 'pending' }>('POST', pathOf`/v1/decisions/${id}:replay`),
});

const registryCalls = (call: Transport) => ({
  surfaces: async () => (await call<{ surfaces: readonly SurfaceDetails[] }>('GET', '/v1/surfaces')).surfaces,
  surface: (name: string) => call<SurfaceDetails>('GET', pathOf`/v1/surfaces/${name}`),
  declareSurface: (name: string, declaration: SurfaceDeclaration) =>
    call<Surface & { readonly warnings?: readonly string[] }>(
      'PUT',
      pathOf`/v1/surfaces/${name}`,
      declaration,
    ),
  kill: (name: string, reason?: string) =>
    call<KillAnswer>('POST', pathOf`/v1/surfaces/${name}:kill`, { reason }),
  revive: (name: string, reason?: string) =>
    call<KillAnswer>('POST', pathOf`/v1/surfaces/${name}:revive`, { reason }),
  policies: async (surface?: string) =>
    (await call<{ policies: readonly PolicyVersion[] }>('GET', withQuery('/v1/policies', { surface })))
      .policies,
  policy: (version: string) => call<PolicyVersion>('GET', pathOf`/v1/policies/${version}`),
  publishPolicy: (artifact: Uint8Array) => call<PolicyVersion>('POST', '/v1/policies', artifact),
  signPolicy: (version: string, signature: { readonly keyId: string; readonly signature: string }) =>
    call<PolicyVersion>('POST', pathOf`/v1/policies/${version}:sign`, signature),
  publishFixedPolicy: (surface: string, probabilities: Readonly<Record<string, number>>) =>
    call<PolicyVersion>('POST', '/v1/policies', { surface, probabilities }),
  publishExternalPolicy: (surface: string, name: string) =>
    call<PolicyVersion>('POST', '/v1/policies', { surface, name }),
  setAlias: (surface: string, alias: string, version: string, reason?: string) =>
    call<
      { aliases: Readonly<Record<string, string>>; readonly warnings?: readonly string[] } & Confirmations
    >('PUT', pathOf`/v1/surfaces/${surface}/aliases/${alias}`, {
      version,
      reason,
    }),
});

const experimentCalls = (call: Transport) => ({
  experiments: async (surface?: string) =>
    (await call<{ experiments: readonly Experiment[] }>('GET', withQuery('/v1/experiments', { surface })))
      .experiments,
  experiment: (id: string) => call<Experiment>('GET', pathOf`/v1/experiments/${id}`),
  createExperiment: (experiment: ExperimentInput) => call<Experiment>('POST', '/v1/experiments', experiment),
  startExperiment: (id: string, options: { readonly trafficShare?: number; readonly reason?: string } = {}) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:start`, options),
  pauseExperiment: (id: string, reason?: string) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:pause`, { reason }),
  stopExperiment: (id: string, reason?: string) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:stop`, { reason }),
  rollbackExperiment: (id: string, reason?: string) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:rollback`, { reason }),
  reviseExperiment: (id: string, experiment: ExperimentInput) =>
    call<Experiment>('PUT', pathOf`/v1/experiments/${id}`, experiment),
  approveExperiment: (id: string, purpose: 'start' | 'promote' = 'start', reason?: string) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:approve`, { purpose, reason }),
  /** Agrees to what another key then does with `startExperiment`. */
  approveWidening: (id: string, trafficShare: number, reason?: string) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:approve`, {
      purpose: 'widen',
      trafficShare,
      reason,
    }),
  promoteExperiment: (id: string, options: { readonly variant?: string; readonly reason?: string } = {}) =>
    call<Experiment>('POST', pathOf`/v1/experiments/${id}:promote`, options),
  /** A page of the looks, from the newest back; `before` is the `next` of the page after it. */
  experimentLooks: (id: string, { limit, before }: Partial<PageRequest> = {}) =>
    call<LookPage>(
      'GET',
      withQuery(pathOf`/v1/experiments/${id}/looks`, {
        limit: limit === undefined ? undefined : String(limit),
        before: before === undefined ? undefined : String(before),
      }),
    ),
  experimentResults: <T = unknown>(id: string) => call<T>('GET', pathOf`/v1/experiments/${id}/results`),
});

const operationCalls = (call: Transport) => ({
  startRun: (route: RunRoute, run: { readonly surface: string; readonly config?: Record<string, unknown> }) =>
    call<RunView>('POST', `/v1/${route}`, run),
  run: (route: RunRoute, id: string) => call<RunView>('GET', `/v1/${route}/${encodeURIComponent(id)}`),
  /** A page, newest first; `before` is the `next` of the page before it. */
  runs: (route: RunRoute, surface?: string, { limit, before }: Partial<RunPageRequest> = {}) =>
    call<{ readonly runs: readonly RunView[]; readonly next: string | null }>(
      'GET',
      withQuery(`/v1/${route}`, { surface, limit: limit === undefined ? undefined : String(limit), before }),
    ),
  forecasts: async (surface?: string) =>
    (await call<{ forecasts: readonly Forecast[] }>('GET', withQuery('/v1/forecasts', { surface })))
      .forecasts,
  forecastReport: (surface?: string) =>
    call<ForecastReport>('GET', withQuery('/v1/forecasts/report', { surface })),
  shadows: async (surface?: string) =>
    (await call<{ shadows: readonly ShadowReport[] }>('GET', withQuery('/v1/shadows', { surface }))).shadows,
  counts: (surface?: string) =>
    call<{ decisions: number; exposures: number; interactions: number; orphans: number }>(
      'GET',
      withQuery('/v1/counts', { surface }),
    ),
  audit: async (limit = 100) =>
    (await call<{ entries: readonly AuditEntry[] }>('GET', `/v1/audit?limit=${String(limit)}`)).entries,
  ready: () => call<{ isReady: boolean; reasons: readonly string[] }>('GET', '/health/ready'),
  live: () => call<{ status: 'live' }>('GET', '/health/live'),
});

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
