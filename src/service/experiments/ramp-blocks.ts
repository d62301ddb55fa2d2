import { refuse, violation } from '../../core/check.ts';
import { openedShare, type Experiment, type RampBlock } from '../../core/experiment/experiment.ts';
import { blockUpTo } from '../../core/experiment/ramp.ts';

/**
 * The block that a person asks for; null where the experiment has that share already. Blocks are only ever added, so nobody
 * changes side; narrowing is refused, because it would.
 */
export function nextBlock(
  { blocks }: Pick<Experiment, 'blocks'>,
  trafficShare: number,
  now: number,
): RampBlock | null {
  const opened = openedShare({ blocks });
  if (Math.round(trafficShare * 10_000) < Math.round(opened * 10_000)) {
    const rule = `must not be below the share opened so far, ${String(opened)}`;
    refuse('invalid_request', [violation('trafficShare', rule, trafficShare)]);
  }
  return blockUpTo(blocks, trafficShare, now);
}
