import type { Actor, Fence } from './stores.ts';

export type RunKind = 'snapshot' | 'training' | 'evaluation' | 'promotion';

/** One execution of an offline job. `result` is what the job wrote; `error` says why it failed. */
export interface RunSummary {
  readonly id: string;
  readonly kind: RunKind;
  readonly surface: string;
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed';
  readonly config: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>> | null;
  /** Reports are long: lists only say whether there is one. */
  readonly hasReport: boolean;
  readonly error: string | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

export interface RunRecord extends RunSummary {
  /** Self-contained HTML, where the job writes one. */
  readonly reportHtml: string | null;
}

/** Left out: of every kind, on every surface. */
export interface RunQuery {
  readonly kinds?: readonly RunKind[];
  readonly surfaces?: readonly string[];
}

/** So many of the newest; with `before` of those before that run. */
export interface RunPageRequest {
  readonly limit: number;
  readonly before?: string;
}

export interface RunPage {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** `before` of the next page; null: there is none. */
  readonly next: string | null;
}

export type NewRun = Pick<RunRecord, 'id' | 'kind' | 'surface' | 'config'>;

export interface RunStore {
  /** A run whose caller runs it. */
  create(run: NewRun, actor: Actor): Promise<void>;
  /** A run for the controllers: it is made together with its job, or not at all. */
  enqueue(run: NewRun, actor: Actor): Promise<void>;
  start(tenant: string, id: string): Promise<void>;
  /** Counts that its process was killed; resolves with how often it was. */
  countKill(tenant: string, id: string): Promise<number>;
  finish(
    tenant: string,
    id: string,
    outcome:
      | { readonly result: Readonly<Record<string, unknown>>; readonly reportHtml?: string }
      // A run that stopped for a reason may show it.
      | { readonly error: string; readonly reportHtml?: string },
  ): Promise<void>;
  find(tenant: string, id: string): Promise<RunRecord | undefined>;
  list(tenant: string, query: RunQuery & RunPageRequest): Promise<RunPage>;
}

/**
 * Carries out the job of a run. `interrupted`: this process stops, the job begins afresh elsewhere, at once. Rejects when the job
 * should be tried again after a while.
 */
export type RunJob = (kind: RunKind, runId: string, tenant: string) => Promise<'ended' | 'interrupted'>;

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
  /** Audited where nothing was measured yet: a measurement has its look. `state_conflict` when `fence` is not the newest leader's. */
  save(surface: string, forecast: Forecast, actor: Actor, fence?: Fence): Promise<void>;
  list(tenant: string, surface?: string): Promise<readonly Forecast[]>;
  /** Those with an online result, in the order of measuring. */
  measured(tenant: string, surface?: string): Promise<readonly MeasuredForecast[]>;
}

/** Queue of offline jobs (graphile-worker in Postgres); the job key is the run's id. */
export interface JobQueue {
  /** Gives a job to every enqueued run that is open and has lost its own; resolves with how many did. */
  giveJobs(): Promise<number>;
}
