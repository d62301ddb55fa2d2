import { AllotError } from '../core/errors.ts';
import type { RunJob, RunStore } from '../service/ports/runs.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import { runChildJob, type ChildOutcome } from './child-job.ts';

export interface JobRunnerOptions {
  readonly runs: RunStore;
  /** Settings for the child, `DATABASE_URL` among them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly signal?: AbortSignal;
}

/** A run whose process is killed as often as this is given up: it may be what fills the memory. */
const MOST_KILLS = 5;

/**
 * What the queue's worker calls for each job: queued → running → (child) → succeeded with the object that the child
 * printed, or failed with the reason that it gave; its last words, which may name anything, go to the log alone. A child that closed its run itself (to store a report) is believed; one that was
 * killed is tried again; a run never stays "running" because its process died. Every controller runs jobs, so no leader's epoch is asked for: a worker that stood
 * still until its job was taken over may go on, but a run is closed once and the same bytes are published once.
 */
export function createJobRunner(options: JobRunnerOptions): RunJob {
  const { runs, logger, metrics } = options;
  return async (kind, runId, tenant) => {
    const run = await runs.find(tenant, runId);
    if (run === undefined || run.state === 'succeeded' || run.state === 'failed') return 'ended';
    await runs.start(tenant, runId);
    const startedAt = performance.now();
    const outcome = await runChildJob(kind, runId, tenant, {
      environment: options.environment,
      onLine: (line) => logger.debug({ runId, kind }, line),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (options.signal?.aborted === true) return 'interrupted';
    if (outcome.killedBy !== null && (await isOpen(runs, tenant, runId))) {
      const kills = await runs.countKill(tenant, runId);
      logger.warn({ runId, kind, kills, signal: outcome.killedBy }, 'the process of a job was killed');
      if (kills < MOST_KILLS) throw new Error(`job ${runId} was killed by ${outcome.killedBy}`);
    }
    const state = await closeIfOpen(options, tenant, runId, outcome);
    metrics.jobFinished(kind, state, performance.now() - startedAt);
    logger.info({ runId, kind, state }, 'a job has finished');
    return 'ended';
  };
}

async function isOpen(runs: RunStore, tenant: string, runId: string): Promise<boolean> {
  const run = await runs.find(tenant, runId);
  return run?.state === 'running';
}

async function closeIfOpen(
  { runs, environment, logger }: JobRunnerOptions,
  tenant: string,
  runId: string,
  outcome: ChildOutcome,
): Promise<'succeeded' | 'failed'> {
  const run = await runs.find(tenant, runId);
  if (run?.state === 'succeeded') return 'succeeded';
  if (run?.state === 'failed') return 'failed';
  const result = outcome.exitCode === 0 ? parseResult(outcome.output) : null;
  if (result === null) {
    const { exitCode, lastWords } = outcome;
    logger.warn({ runId, exitCode, lastWords }, 'a job has failed');
    await runs.finish(tenant, runId, { error: asText(reasonOf(outcome), environment['ALLOT_DATA_DIR']) });
    return 'failed';
  }
  const { reportHtml, ...rest } = result;
  const report = typeof reportHtml === 'string' ? { reportHtml } : {};
  try {
    await runs.finish(tenant, runId, { result: rest, ...report });
    return 'succeeded';
  } catch (error) {
    // What cannot be stored now cannot be stored the next time: it would be computed for ever.
    if (!(error instanceof AllotError) || error.retryable) throw error;
    await runs.finish(tenant, runId, { error: `${error.code}: the result cannot be stored` });
    return 'failed';
  }
}

const MOST_REASON = 500;

/** What every reader of the run may see. */
function reasonOf({ exitCode, killedBy, output }: ChildOutcome): string {
  if (killedBy !== null) return `the job's process was killed by ${killedBy}`;
  const { code, message } = (parseResult(output)?.['error'] ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && typeof message === 'string')
    return `${code}: ${message}`.slice(0, MOST_REASON);
  return `the job's process ended with code ${String(exitCode)}; the log of the controller says more`;
}

/** Text that can be stored, and that does not tell where on which machine. */
const asText = (reason: string, dataDir = ''): string =>
  (dataDir === '' ? reason : reason.replaceAll(dataDir, '<data>')).replaceAll('\0', '');

function parseResult(output: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(output);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
