/**
 * On both clocks of this process: the monotonic one is never set back, and the other one goes on while the machine sleeps.
 */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export const moment = (): Moment => ({ wall: Date.now(), monotonic: performance.now() });

export const longAgo: Moment = { wall: -Infinity, monotonic: -Infinity };

/** By whichever clock says more: who asks would rather look once too often. */
export const msBetween = (from: Moment, until: Moment): number =>
  Math.max(until.wall - from.wall, until.monotonic - from.monotonic);
