import type { Actor, Fence } from './stores.ts';

export type RunKind = 'snapshot' | 'training' | 'evaluation' | 'promotion';

/** One execution of an offline job. `result` and `report` are what the job wrote; `error` says why it failed. */
export interface RunRecord {
  readonly id: string;
  readonly kind: RunKind;
  readonly surface: string;
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed';
  readonly config: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>> | null;
  /** Self-contained HTML, where the job writes one. */
  readonly reportHtml: string | null;
  readonly error: string | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

export interface RunStore {
  create(run: Pick<RunRecord, 'id' | 'kind' | 'surface' | 'config'>, actor: Actor): Promise<void>;
  start(tenant: string, id: string): Promise<void>;
  finish(
    tenant: string,
    id: string,
    outcome:
      | { readonly result: Readonly<Record<string, unknown>>; readonly reportHtml?: string }
      // A run that stopped for a reason may show it.
      | { readonly error: string; readonly reportHtml?: string },
  ): Promise<void>;
  find(tenant: string, id: string): Promise<RunRecord | undefined>;
  list(
    tenant: string,
    query: { readonly kind?: RunKind; readonly surface?: string },
  ): Promise<readonly RunRecord[]>;
}

/** What the offline evaluation said a version would do, and what the experiment then measured. */
export interface Forecast {
  readonly policyVersion: string;
  readonly response: string;
  readonly estimand: string;
  readonly offline: { readonly value: number; readonly lower: number; readonly upper: number };
  readonly online: {
    readonly value: number;
    readonly lower: number;
    readonly upper: number;
    /** Without the factor of the interval; absent where it was measured before it was kept. */
    readonly standardError?: number;
  } | null;
}

/** A forecast that an experiment has measured, and when it last did. */
export interface MeasuredForecast extends Forecast {
  readonly surface: string;
  readonly measuredAt: number;
}

export interface ForecastStore {
  /** `state_conflict` when `fence` is not the newest leader's. */
  save(surface: string, forecast: Forecast, actor: Actor, fence?: Fence): Promise<void>;
  list(tenant: string, surface?: string): Promise<readonly Forecast[]>;
  /** Those with an online result, in the order of measuring. */
  measured(tenant: string, surface?: string): Promise<readonly MeasuredForecast[]>;
}

/** Queue of offline jobs (graphile-worker in Postgres); the job key is the run's id. */
export interface JobQueue {
  enqueue(kind: RunKind, runId: string, tenant: string): Promise<void>;
}
