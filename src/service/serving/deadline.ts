import { AllotError } from '../../core/errors.ts';

/** Settles at the latest after `milliseconds`: a frozen database must not hold the watcher. */
export async function withDeadline<T>(work: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AllotError('store_unavailable', `${what} took longer than ${String(milliseconds)} ms`));
    }, milliseconds);
    timer.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
