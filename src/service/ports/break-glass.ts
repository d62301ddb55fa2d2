/**
 * Surfaces that an operator kills on this process alone, past the database: the way out while it is away.
 * Read at every poll of the control state, so it must be quick.
 */
export interface BreakGlass {
  /** `surface`, or `tenant/surface`; empty while nobody broke the glass. Throws when it cannot be read. */
  killed(): readonly string[];
}
