import { setTimeout as sleep } from 'node:timers/promises';
import { AllotError } from '../../core/errors.ts';

/** Asks until there is an answer (not undefined); gives up after `timeoutMs` and says what was waited for. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new AllotError('internal', `gave up waiting for ${what}`);
    await sleep(options.everyMs ?? 200, undefined, { signal: options.signal });
  }
}

export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal });
}
