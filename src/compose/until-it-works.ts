import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 200;
const LAST_MS = 5_000;

/** Calls `work` until it succeeds or `signal` aborts (then rejects), with back-off; each failure goes to `onFailure`. */
export async function untilItWorks<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<T> {
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(LAST_MS, waitMs * 2)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      onFailure(error);
      await sleep(waitMs, undefined, { signal, ref: false });
    }
  }
}
