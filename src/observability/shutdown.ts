import type { Logger } from '../service/ports/logger.ts';
import { createStopSteps, type StopSteps, type StopStepsOptions } from './stop-steps.ts';

export interface Shutdown extends Pick<StopSteps, 'onStop'> {
  /** Aborted when the stop begins: what still starts gives up. */
  readonly signal: AbortSignal;
  /** What a shell expects of a process that a signal ended: 130 or 143; null when none came. */
  signalExitCode(): number | null;
  /** Resolves when every registered step has run, whoever asked for it. */
  readonly stopped: Promise<void>;
  /** Stops without a signal; safe to call twice. */
  stop(reason: string): Promise<void>;
}

/**
 * Signal handling for `main.ts` files and the CLI, and for nothing else. The first SIGTERM or SIGINT drains, a later
 * one ends the process at once (not within a second: npm and a terminal both deliver one Ctrl-C).
 */
export function handleShutdown(options: StopStepsOptions): Shutdown {
  const { logger } = options;
  const steps = createStopSteps(options);
  const begun = new AbortController();
  let running: Promise<void> | undefined;
  let announce: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (announce = resolve));

  const stopAll = async (reason: string): Promise<void> => {
    logger.info({ reason }, 'stopping');
    begun.abort();
    await steps.run();
    logger.info({ reason }, 'stopped');
    for (const signal of signals) process.off(signal, onSignal);
    announce();
  };
  const stop = (reason: string): Promise<void> => (running ??= stopAll(reason));
  let firstAt = Infinity;
  let signalExitCode: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    signalExitCode ??= 128 + (signal === 'SIGINT' ? 2 : 15);
    if (performance.now() - firstAt > IMPATIENCE_MS) process.exit(signalExitCode);
    firstAt = Math.min(firstAt, performance.now());
    void stop(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: begun.signal,
    signalExitCode: () => signalExitCode,
    onStop: (name, step, bound) => steps.onStop(name, step, bound),
    stopped,
    stop,
  };
}

const IMPATIENCE_MS = 1000;
const LAST_WORDS_MS = 1000;
const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * The life of a process: `start` opens what it needs and registers how each part is closed, then everything runs until the stop.
 * A start that the stop has interrupted is no failure; one that fails by itself closes what it had opened.
 */
export async function runUntilStopped(
  shutdown: Shutdown,
  logger: Logger,
  start: () => Promise<void>,
): Promise<void> {
  // Nothing else keeps a process alive whose sockets are quiet or away.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await Promise.race([start(), shutdown.stopped]);
    await shutdown.stopped;
  } catch (error) {
    if (!shutdown.signal.aborted) {
      await shutdown.stop('the start failed');
      throw error;
    }
    await shutdown.stopped;
  } finally {
    clearInterval(alive);
    endSoon(logger);
  }
}

/** A Kafka client that was told to stop while it joined its group has been seen to live on for five minutes. */
function endSoon(logger: Logger): void {
  const last = setTimeout(() => {
    logger.warn({}, 'something still runs after the stop, the process is ended');
    process.exit();
  }, LAST_WORDS_MS);
  last.unref();
}
