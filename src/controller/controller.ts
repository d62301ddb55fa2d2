import { createRandom } from '../core/math/random.ts';
import type { AllStores } from '../service/ports/all-stores.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import type { RunKind } from '../service/ports/runs.ts';
import { createExperimentAnalysis } from '../service/experiment-analysis/experiment-analysis.ts';
import { createShadowWatch } from '../service/shadow/shadow-watch.ts';
import { createExperimentWatch } from './experiment-watch.ts';
import { createJobRunner } from './job-runner.ts';
import { createJoinWatch } from './join-watch.ts';
import { startPeriodic } from './periodic.ts';

export type RunJob = (kind: RunKind, runId: string, tenant: string, attempt: number) => Promise<void>;

export interface ControllerOptions {
  readonly stores: AllStores;
  /** Held by one controller at a time; `epoch` is null while another one leads. */
  readonly leadership: { readonly name: string; epoch(): number | null; stop(): Promise<void> };
  /** Starts taking jobs off the queue; every controller does, leading or not. */
  readonly startWorker: (run: RunJob) => Promise<{ stop(): Promise<void> }>;
  /** Settings for the jobs' processes, `DATABASE_URL` among them. */
  readonly jobEnvironment: Readonly<Record<string, string>>;
  readonly lookIntervalMs: number;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Controller {
  /** Stops looking, interrupts a running job (it goes back to the queue), gives up leadership. */
  stop(): Promise<void>;
}

/** Runs queued offline jobs in child processes and, while it leads, watches the experiments. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { stores, leadership, logger, metrics, clock } = options;
  const abort = new AbortController();
  const worker = await options.startWorker(
    createJobRunner({
      runs: stores.runs,
      environment: options.jobEnvironment,
      logger,
      metrics,
      signal: abort.signal,
    }),
  );
  const watch = createExperimentWatch({
    control: stores.control,
    experiments: stores.experiments,
    forecasts: stores.forecasts,
    analysis: createExperimentAnalysis(stores),
    clock,
    logger,
    metrics,
  });
  const looks = startPeriodic(
    options.lookIntervalMs,
    async () => {
      const epoch = leadership.epoch();
      metrics.isLeader(epoch !== null);
      if (epoch !== null) await watch({ name: leadership.name, epoch });
    },
    (error) => logger.warn({ error }, 'a look at the experiments failed; the next round tries again'),
  );
  const shadows = startShadows(options);
  const joins = startJoins(options);
  return {
    async stop() {
      await looks.stop();
      await shadows.stop();
      await joins.stop();
      abort.abort();
      await worker.stop();
      await leadership.stop();
    },
  };
}

/** Scores shadow candidates while it leads; they wait for nobody and nobody waits for them. */
function startShadows({ stores, leadership, clock, logger, lookIntervalMs }: ControllerOptions) {
  const score = createShadowWatch({
    control: stores.control,
    decisions: stores.decisions,
    shadows: stores.shadows,
    clock,
    stopwatch: () => performance.now(),
    random: createRandom(clock()),
  });
  return startPeriodic(
    lookIntervalMs,
    async () => {
      const epoch = leadership.epoch();
      if (epoch !== null) await score({ name: leadership.name, epoch });
    },
    (error) => logger.warn({ error }, 'shadow candidates could not be scored; the next round tries again'),
  );
}

const JOIN_EVERY_MS = 60_000;

/** Counts what the join meets while it leads: one process counts for all. */
function startJoins({ stores, leadership, clock, logger, metrics }: ControllerOptions) {
  const count = createJoinWatch({ control: stores.control, join: stores.join, clock, metrics });
  return startPeriodic(
    JOIN_EVERY_MS,
    async () => {
      if (leadership.epoch() !== null) await count();
    },
    (error) => logger.warn({ error }, 'the join could not be counted; the next round takes the next minute'),
  );
}
