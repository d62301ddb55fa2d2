import { createRandom } from '../core/math/random.ts';
import type { AllStores } from '../service/ports/all-stores.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import type { RunJob } from '../service/ports/runs.ts';
import { createExperimentAnalysis } from '../service/experiment-analysis/experiment-analysis.ts';
import { createShadowWatch } from '../service/shadow/shadow-watch.ts';
import { createExperimentWatch } from './experiment-watch.ts';
import { createJobRunner } from './job-runner.ts';
import { createJoinWatch } from './join-watch.ts';
import { startPeriodic, type Periodic } from './periodic.ts';

export interface ControllerOptions {
  readonly stores: AllStores;
  /** Stands for leader, once the rest works. */
  readonly startLeadership: () => Promise<Leading>;
  /** Starts taking jobs off the queue; every controller does, leading or not. */
  readonly startWorker: (run: RunJob) => Promise<{ stop(): Promise<void> }>;
  /** Settings for the jobs' processes, `DATABASE_URL` among them. */
  readonly jobEnvironment: Readonly<Record<string, string>>;
  readonly lookIntervalMs: number;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Held by one controller at a time; `epoch` is null while another one leads. */
interface Leading {
  readonly name: string;
  epoch(): number | null;
  onElected(listener: () => void): void;
  stop(): Promise<void>;
}

export interface Controller {
  /** Stops looking, interrupts a running job (it goes back to the queue), gives up leadership. */
  stop(): Promise<void>;
}

/** Runs queued offline jobs in child processes and, while it leads, watches the experiments. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { stores, logger, metrics } = options;
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
  const leadership = await options.startLeadership();
  const rounds = [startLooks, startShadows, startJoins].map((start) => start(options, leadership));
  // A new leader takes over where the last one stopped, and not an interval later.
  leadership.onElected(() => {
    for (const round of rounds) round.now();
  });
  return {
    async stop() {
      abort.abort();
      await Promise.all(rounds.map((round) => round.stop()));
      await worker.stop();
      await leadership.stop();
    },
  };
}

function startLooks(
  { stores, clock, logger, metrics, lookIntervalMs }: ControllerOptions,
  leadership: Leading,
): Periodic {
  const watch = createExperimentWatch({
    control: stores.control,
    experiments: stores.experiments,
    forecasts: stores.forecasts,
    analysis: createExperimentAnalysis(stores),
    clock,
    logger,
    metrics,
  });
  return startPeriodic(
    lookIntervalMs,
    async () => {
      const epoch = leadership.epoch();
      metrics.isLeader(epoch !== null);
      if (epoch !== null) await watch({ name: leadership.name, epoch });
    },
    (error) => logger.warn({ error }, 'a look at the experiments failed; the next round tries again'),
  );
}

/** Scores shadow candidates while it leads; they wait for nobody and nobody waits for them. */
function startShadows(
  { stores, clock, logger, lookIntervalMs }: ControllerOptions,
  leadership: Leading,
): Periodic {
  const score = createShadowWatch({
    control: stores.control,
    decisions: stores.decisions,
    shadows: stores.shadows,
    clock,
    stopwatch: () => performance.now(),
    random: createRandom(clock()),
    logger,
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
function startJoins({ stores, clock, logger, metrics }: ControllerOptions, leadership: Leading): Periodic {
  const count = createJoinWatch({ control: stores.control, join: stores.join, clock, metrics });
  return startPeriodic(
    JOIN_EVERY_MS,
    async () => {
      if (leadership.epoch() !== null) await count();
    },
    (error) => logger.warn({ error }, 'the join could not be counted; the next round takes the next minute'),
  );
}
