import type { Logger } from '../service/ports/logger.ts';

export interface Shutdown {
  /** Runs when the process is asked to stop, in reverse order of registration. */
  onStop(name: string, stop: () => Promise<void> | void): void;
  /** Resolves when every registered step has run, whoever asked for it. */
  readonly stopped: Promise<void>;
  /** Stops without a signal; safe to call twice. */
  stop(reason: string): Promise<void>;
}

export interface ShutdownOptions {
  readonly logger: Logger;
  /** A step that hangs must not keep the process for ever. */
  readonly timeoutMs?: number;
}

/**
 * Signal handling for `main.ts` files and the CLI, and for nothing else. The first SIGTERM or SIGINT drains, a later
 * one ends the process at once (not within a second: npm and a terminal both deliver one Ctrl-C). Steps run last-
 * registered first, because what was opened last depends on what was opened before it.
 */
export function handleShutdown({ logger, timeoutMs = 15_000 }: ShutdownOptions): Shutdown {
  const steps: { readonly name: string; readonly stop: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;
  let announce: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (announce = resolve));

  const stop = (reason: string): Promise<void> => {
    running ??= runSteps(steps, reason, logger, timeoutMs).finally(() => {
      for (const signal of signals) process.off(signal, onSignal);
      announce();
    });
    return running;
  };
  let firstAt = Infinity;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (Date.now() - firstAt > IMPATIENCE_MS) process.exit(128 + (signal === 'SIGINT' ? 2 : 15));
    firstAt = Math.min(firstAt, Date.now());
    void stop(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { onStop: (name, step) => steps.push({ name, stop: step }), stopped, stop };
}

const IMPATIENCE_MS = 1000;
const signals = ['SIGTERM', 'SIGINT'] as const;

async function runSteps(
  steps: readonly { readonly name: string; readonly stop: () => Promise<void> | void }[],
  reason: string,
  logger: Logger,
  timeoutMs: number,
): Promise<void> {
  logger.info({ reason }, 'stopping');
  const deadline = Date.now() + timeoutMs;
  for (const { name, stop } of [...steps].reverse()) {
    try {
      await within(Math.max(0, deadline - Date.now()), stop);
    } catch (error) {
      logger.warn({ step: name, error }, 'a shutdown step failed');
    }
  }
  logger.info({ reason }, 'stopped');
}

async function within(milliseconds: number, run: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not finished after ${String(milliseconds)} ms`)),
      milliseconds,
    );
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
