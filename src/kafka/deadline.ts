import { AllotError } from '../core/errors.ts';

/** The client retries for ever, so every call that somebody waits for gets a deadline of its own. */
export async function within<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(unavailable(`${what}: no answer within ${String(milliseconds)} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw error instanceof AllotError ? error : unavailable(what, error);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(message: string, cause?: unknown): AllotError {
  return new AllotError('broker_unavailable', `kafka: ${message}`, { cause });
}
