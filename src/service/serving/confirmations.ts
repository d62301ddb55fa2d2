import type { ControlReader, ReplicaRevision } from '../ports/control.ts';
import { withDeadline } from './deadline.ts';

/** Who serves a change, asked right after it was made. */
export interface Confirmations {
  /** What this process serves. */
  readonly servedRevision: number | null;
  /** Replicas that have applied it, or something newer; null: the store did not say. */
  readonly confirmed: readonly ReplicaRevision[] | null;
  /** Replicas that were alive and had not, when the answer was given. */
  readonly behind: readonly ReplicaRevision[] | null;
}

/** Long enough for a hint and for a poll that fails to come in time once; short enough to hold an answer. */
const BOUND_MS = 2_000;
const ASK_EVERY_MS = 50;

/**
 * Waits a little for the replicas that are still behind, so that the answer usually says all. What they are held against is what the
 * store holds, and not what this process serves: its own poll may just have failed, and then it is one of those behind.
 */
export async function confirmationsOf(
  control: Pick<ControlReader, 'revision' | 'replicas'>,
  { boundMs = BOUND_MS, stopwatch = () => performance.now() } = {},
): Promise<Omit<Confirmations, 'servedRevision'>> {
  const until = stopwatch() + boundMs;
  // The change is stored, whatever comes now: not knowing who serves it is no failure of it.
  const ask = <T>(answer: Promise<T>): Promise<T | null> =>
    withDeadline(answer, Math.max(until - stopwatch(), ASK_EVERY_MS), 'asking who serves it').catch(
      () => null,
    );
  let revision: number | null = null;
  for (;;) {
    const stored = (revision ??= await ask(control.revision()));
    const replicas = stored === null ? null : await ask(control.replicas());
    if (stored !== null && replicas !== null) {
      const behind = replicas.filter((one) => one.revision < stored);
      if (behind.length === 0 || stopwatch() >= until)
        return { confirmed: replicas.filter((one) => one.revision >= stored), behind };
    } else if (stopwatch() >= until) return { confirmed: null, behind: null };
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
