import { refuse, violation } from '../../core/check.ts';
import type { Experiment, RampBlock } from '../../core/experiment/experiment.ts';

const BUCKET_COUNT = 10_000;

/**
 * The block of buckets that brings an experiment to a share of the units; null where it is there already. Blocks are
 * only ever added, so nobody changes side; narrowing is refused, because it would.
 */
export function nextBlock(
  { blocks }: Pick<Experiment, 'blocks'>,
  trafficShare: number,
  now: number,
): RampBlock | null {
  const fromBucket = blocks.reduce((end, block) => Math.max(end, block.toBucket), 0);
  const toBucket = Math.round(trafficShare * BUCKET_COUNT);
  if (toBucket < fromBucket) {
    const rule = `must not be below the share opened so far, ${String(fromBucket / BUCKET_COUNT)}`;
    refuse('invalid_request', [violation('trafficShare', rule, trafficShare)]);
  }
  if (toBucket === fromBucket) {
    if (fromBucket === 0) {
      refuse('invalid_request', [
        violation('trafficShare', 'must be at least one bucket of 10,000', trafficShare),
      ]);
    }
    return null;
  }
  return { index: blocks.length, fromBucket, toBucket, openedAt: now };
}
