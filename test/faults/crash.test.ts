import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createClient, type AllotClient } from '../../src/client/client.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { AcknowledgedFile, drive, expectAllStored } from '../support/acknowledged.ts';
import { freePort, postmasterPid, startAllotProcess, type AllotProcess } from '../support/allot-process.ts';
import { declareLiveFeed } from '../support/live-feed.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'allot-crash-'));
let running: AllotProcess | null = null;

afterAll(async () => {
  await running?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** The process and its database at once, as a machine that loses its container would. */
async function killGroup(allot: AllotProcess): Promise<void> {
  const postmaster = postmasterPid(dataDir);
  process.kill(postmaster, 'SIGKILL');
  await allot.kill();
}

describe('kill -9 under load', () => {
  it(
    'loses no acknowledged event and stores none twice, killed alone and with its Postgres',
    { timeout: 180_000 },
    async () => {
      const port = await freePort();
      running = await startAllotProcess({ dataDir, port, isFirstStart: true });
      const key = running.adminKey ?? '';
      const client: AllotClient = createClient({ url: running.url, key });
      await declareLiveFeed(client);
      const file = new AcknowledgedFile(join(dataDir, 'acknowledged.jsonl'));
      let isStopped = false;
      const workers = [0, 1, 2, 3].map((worker) =>
        drive(() => client, file, { worker, isStopped: () => isStopped }),
      );
      const random = createRandom(20261124);
      for (const fault of ['alone', 'group', 'alone'] as const) {
        await new Promise((resolve) => setTimeout(resolve, 300 + 700 * random.uniform()));
        await (fault === 'alone' ? running.kill() : killGroup(running));
        running = await startAllotProcess({ dataDir, port });
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      isStopped = true;
      await Promise.all(workers);
      const compared = await expectAllStored(client, file, 60_000);
      const counts = await client.counts('live-feed');
      expect(compared).toBeGreaterThan(0);
      expect(counts.decisions).toBeGreaterThanOrEqual(
        file.lines().filter((line) => line.kind === 'decision').length,
      );
      expect(counts.orphans).toBe(0);
    },
  );
});
