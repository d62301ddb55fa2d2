import type { ControlReader, ReplicaRevision } from '../ports/control.ts';

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

/** Waits a little for the replicas that are still behind, so that the answer usually says all. */
export async function confirmationsOf(
  control: Pick<ControlReader, 'replicas'>,
  revision: number | null,
  { boundMs = BOUND_MS, stopwatch = () => performance.now() } = {},
): Promise<Confirmations> {
  if (revision === null) return { servedRevision: null, confirmed: null, behind: null };
  const until = stopwatch() + boundMs;
  for (;;) {
    // The change is stored, whatever comes now: not knowing who serves it is no failure of it.
    const replicas = await control.replicas().catch(() => null);
    const behind = replicas?.filter((one) => one.revision < revision) ?? null;
    if (replicas === null || behind?.length === 0 || stopwatch() >= until) {
      const confirmed = replicas?.filter((one) => one.revision >= revision) ?? null;
      return { servedRevision: revision, confirmed, behind };
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
