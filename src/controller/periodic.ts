export interface Periodic {
  /** Does not wait for the next round: it comes now, or right after the one that is running. */
  now(): void;
  stop(): Promise<void>;
}

/** Calls `work` again `intervalMs` after it has finished; failures go to `onError` and the next round comes. */
export function startPeriodic(
  intervalMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Periodic {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isWaiting = true;
  let isAgain = false;
  let running: Promise<void> = Promise.resolve();
  const round = (): void => {
    isWaiting = false;
    isAgain = false;
    running = work()
      .catch(onError)
      .then(() => {
        if (isStopped) return;
        isWaiting = true;
        timer = setTimeout(round, isAgain ? 0 : intervalMs);
      });
  };
  timer = setTimeout(round, intervalMs);
  return {
    now() {
      isAgain = true;
      if (isStopped || !isWaiting) return;
      clearTimeout(timer);
      round();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
