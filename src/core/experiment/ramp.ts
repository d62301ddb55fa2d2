import type { Experiment, RampBlock } from './experiment.ts';
import type { RampPlan, RampStep } from './plan.ts';

export const BUCKET_COUNT = 10_000;

export const bucketsOf = (trafficShare: number): number => Math.round(trafficShare * BUCKET_COUNT);

/** The block of buckets that brings an experiment from what is open to a share of the units; null: it is there already. */
export function blockUpTo(
  blocks: readonly RampBlock[],
  trafficShare: number,
  openedAt: number,
): RampBlock | null {
  const fromBucket = blocks.reduce((end, block) => Math.max(end, block.toBucket), 0);
  const toBucket = bucketsOf(trafficShare);
  return toBucket <= fromBucket ? null : { index: blocks.length, fromBucket, toBucket, openedAt };
}

export interface RampProgress {
  readonly now: number;
  /** Closed units of the newest block. */
  readonly unitsInBlock: number;
}

export type RampState =
  | { readonly kind: 'ready'; readonly next: RampStep }
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'complete' };

/**
 * May the next step open? A step lasts at least its time and its units: time, so that every hour of the day was seen; units
 * with a closed window, so that the verdict that lets it on has looked at this very block.
 */
export function rampState(
  ramp: RampPlan | null,
  { blocks }: Pick<Experiment, 'blocks'>,
  { now, unitsInBlock }: RampProgress,
): RampState {
  const newest = blocks.at(-1);
  const opened = newest?.toBucket ?? 0;
  const next = ramp?.steps.find((step) => bucketsOf(step.trafficShare) > opened);
  if (next === undefined) return { kind: 'complete' };
  const current = ramp?.steps.findLast((step) => bucketsOf(step.trafficShare) <= opened);
  if (newest === undefined || current === undefined) return { kind: 'ready', next };
  const seconds = (now - newest.openedAt) / 1000;
  if (seconds < current.minSeconds) {
    return { kind: 'waiting', reason: `${shown(seconds)} of ${shown(current.minSeconds)} s of this step` };
  }
  if (unitsInBlock < current.minUnits) {
    return {
      kind: 'waiting',
      reason: `${String(unitsInBlock)} of ${String(current.minUnits)} units of this step`,
    };
  }
  return { kind: 'ready', next };
}

const shown = (seconds: number): string => String(Math.floor(seconds));
