import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import { pendingRecords } from '../support/journal-files.ts';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { GivenPostgres, startGivenWorld } from '../support/world.ts';
import { type Outage, during } from './postgres-away.ts';

/** An empty cluster with its write-ahead log takes about half of it; a ballast takes the rest. */
const SIZE_MIB = 160;
const FULL_WITHIN_MS = 20_000;

/** PostgreSQL's data directory on a small disk that fills up under load, and has room again later. */
export const postgresDiskFull: Scenario = {
  name: 'postgres-disk-full',
  isShort: true,
  unmet: whyNoSmallDisk,
  run: async (context) => {
    const disk = join(context.folder, 'small-disk');
    context.defer(mountSmallDisk(disk, `${String(SIZE_MIB)}m`));
    const postgres = await GivenPostgres.start(context, join(disk, 'postgres'));
    const world = await startGivenWorld(context, { parts: ['allot'], postgres });
    return await during(context, world, diskFull(join(disk, 'ballast')));
  },
};

const diskFull = (ballast: string): Outage => ({
  fault: "PostgreSQL's disk full",
  isShort: true,
  begin: async ({ postgres, dataDir, parts: [part] }) => {
    fill(ballast);
    // It writes into pages that it has already until they are full too.
    const waiting = (): number => pendingRecords(join(dataDir, 'journal')).length;
    for (let waited = 0; waiting() < 50 || !part.said.includes('No space left on device'); waited += 100) {
      if (waited > FULL_WITHIN_MS) throw new Error('PostgreSQL never ran out of room');
      await sleep(100);
    }
    return async () => {
      rmSync(ballast);
      // A server that could not write its log has ended itself; one that went on is only adopted.
      await postgres.startAgain();
    };
  },
});

function fill(path: string): void {
  const file = openSync(path, 'w');
  for (let size = 1024 * 1024; size >= 512; size >>= 1) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
}
