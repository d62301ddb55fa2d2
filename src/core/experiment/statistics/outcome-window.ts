/**
 * A unit enters the analysis once: when the fixed window that starts with its first assignment (or trigger) has closed. So
 * a look adds independent units and never changes those before it, which is what makes sequences valid at every look.
 */
export interface OutcomeWindow {
  /** Outcomes within this long after first assignment count, ms; the same for every unit and variant. */
  readonly lengthMs: number;
  /** How long the last of them may take to be complete, ms. */
  readonly settleMs: number;
}

/** ms since the epoch from which on the unit may enter. */
export const entersAt = (firstAssignedAt: number, { lengthMs, settleMs }: OutcomeWindow): number =>
  firstAssignedAt + lengthMs + settleMs;

/** Whether an outcome at this time belongs to the unit's window, [first, first + length). */
export const isInWindow = (firstAssignedAt: number, at: number, { lengthMs }: OutcomeWindow): boolean =>
  at >= firstAssignedAt && at < firstAssignedAt + lengthMs;

/**
 * Whether the unit enters between two looks, (previous, now]. Exactly one look of any sequence of them sees each unit enter,
 * so adding its statistics then adds it once.
 */
export function entersBetween(
  firstAssignedAt: number,
  window: OutcomeWindow,
  previousLookAt: number,
  lookAt: number,
): boolean {
  const at = entersAt(firstAssignedAt, window);
  return at > previousLookAt && at <= lookAt;
}
