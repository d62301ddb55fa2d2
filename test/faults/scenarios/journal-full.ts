import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecideInput } from '../../../src/client/client.ts';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { startGivenWorld } from '../support/world.ts';

const FULL_WITHIN_MS = 30_000;

/** The journal at its maximum: feedback is refused, decisions go on as the safe action and say that nobody logged them. */
export const journalFull: Scenario = {
  name: 'journal-full',
  isShort: true,
  run: (context) =>
    whileFull(context, 'the journal at its maximum size (1 MiB)', {
      ALLOT_JOURNAL_MAX_BYTES: '1048576',
      ALLOT_JOURNAL_SEGMENT_BYTES: '131072',
    }),
};

/** The same, but the disk under it has no room. */
export const journalDiskFull: Scenario = {
  name: 'journal-disk-full',
  isShort: true,
  unmet: whyNoSmallDisk,
  run: (context) => {
    const disk = join(context.folder, 'small-disk');
    context.defer(mountSmallDisk(disk, '1m'));
    const environment = { ALLOT_JOURNAL_DIR: join(disk, 'journal'), ALLOT_JOURNAL_SEGMENT_BYTES: '131072' };
    return whileFull(context, "the journal's own disk full (1 MiB)", environment);
  },
};

async function whileFull(
  context: FaultContext,
  fault: string,
  environment: Readonly<Record<string, string>>,
): Promise<FaultOutcome> {
  const world = await startGivenWorld(context, { parts: ['allot'], environment });
  const load = new Load(context.folder, () => world.client, { workers: 8, pauseMs: 0 });
  world.postgres.proxy.swallow();
  const began = Date.now();
  // On a slow machine the clients alone would take minutes to fill it.
  for (let n = 0; load.tally.unlogged < 50 && Date.now() - began < FULL_WITHIN_MS; n += 1) {
    await world.client.decideBatch(fillers(n)).catch(() => undefined);
  }
  if (load.tally.unlogged === 0) load.broken('the journal never said that it was full');
  await sleep(1_000);
  const endedAt = Date.now();
  world.postgres.proxy.pass({ reset: true });
  await load.untilCaughtUp(world.pool, endedAt);
  const logged = load.tally.answered;
  await sleep(1_000);
  if (load.tally.answered === logged) load.broken('decisions are not logged again after there was room');
  return await load.outcome(fault, world.pool);
}

const fillers = (n: number): DecideInput[] =>
  Array.from({ length: 100 }, (_, i) => {
    const id = `filler-${String(n)}-${String(i)}`;
    return { requestId: id, surface: 'live-feed', unitId: id, features: { hour: 0 } };
  });
