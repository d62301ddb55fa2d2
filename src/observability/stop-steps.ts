import type { Logger } from '../service/ports/logger.ts';

export interface StopSteps {
  /** `stop` runs when the stop comes, the last registered first; at once where the stop has begun already. */
  onStop(name: string, stop: StopStep, bound?: StepBound): void;
  /** Runs every step once; safe to call twice. */
  run(): Promise<void>;
}

export type StopStep = () => Promise<void> | void;

export interface StepBound {
  /**
   * A step that hangs must not keep the others for ever: after so long the next one begins. Infinity: it is waited for, however
   * long it takes (it writes down what was accepted, or has bounds of its own), and takes nothing from the others' time.
   */
  readonly patienceMs?: number;
}

export interface StopStepsOptions {
  readonly logger: Logger;
  /** Of one step. */
  readonly patienceMs?: number;
  /** Of all together; orchestrators kill after 30 s. */
  readonly totalMs?: number;
  /** What a step gets even when the others have used up the total. */
  readonly leastMs?: number;
}

/** What was opened last depends on what was opened before it, so it is closed first. A step that fails is logged. */
export function createStopSteps(options: StopStepsOptions): StopSteps {
  const { logger, patienceMs = 10_000, totalMs = 20_000, leastMs = 1_000 } = options;
  const steps: (() => Promise<void>)[] = [];
  const late: Promise<void>[] = [];
  let leftMs = totalMs;
  let running: Promise<void> | undefined;

  const perform = async (name: string, stop: StopStep, bound: StepBound): Promise<void> => {
    const ownMs = bound.patienceMs ?? patienceMs;
    const startedAt = performance.now();
    try {
      if (ownMs === Infinity) return await stop();
      await within(Math.max(Math.min(ownMs, leastMs), Math.min(ownMs, leftMs)), stop);
    } catch (error) {
      logger.warn({ step: name, error }, 'a shutdown step failed');
    }
    leftMs -= performance.now() - startedAt;
  };
  const runAll = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
    await Promise.all(late);
  };
  return {
    onStop(name, stop, bound = {}) {
      if (running === undefined) steps.push(() => perform(name, stop, bound));
      else late.push(perform(name, stop, bound));
    },
    run: () => (running ??= runAll()),
  };
}

async function within(milliseconds: number, run: StopStep): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const lateness = (): void => reject(new Error(`not finished after ${milliseconds.toFixed(0)} ms`));
    timer = setTimeout(lateness, milliseconds);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
