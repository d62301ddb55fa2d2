import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type AllotClient } from '../../src/client/client.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/postgres/embedded/supervisor.ts';
import { AcknowledgedFile, drive, expectAllStored } from '../support/acknowledged.ts';
import { freePort, startAllotProcess, type AllotProcess } from '../support/allot-process.ts';
import { declareLiveFeed } from '../support/live-feed.ts';
import { signalAll, withChildren } from '../support/process-tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-away-'));
const directory = join(folder, 'given-postgres');
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let postgres: EmbeddedPostgres;
let allot: AllotProcess;
let client: AllotClient;

beforeAll(async () => {
  postgres = await startEmbeddedPostgres({ directory });
  allot = await startAllotProcess({
    dataDir: join(folder, 'data'),
    port: await freePort(),
    env: { DATABASE_URL: postgres.url },
    isFirstStart: true,
  });
  client = createClient({ url: allot.url, key: allot.adminKey ?? '' });
  await declareLiveFeed(client);
});

afterAll(async () => {
  await allot.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Decides for three seconds and tells how many were answered by the policy, logged, and followed by feedback. */
async function decideWhileAway(name: string, file: AcknowledgedFile): Promise<number> {
  const before = file.lines().length;
  let isStopped = false;
  const worker = drive(() => client, file, {
    worker: name === 'stopped' ? 1 : 2,
    isStopped: () => isStopped,
  });
  await sleep(3000);
  isStopped = true;
  await worker;
  return file
    .lines()
    .slice(before)
    .filter((line) => line.kind === 'decision' && line.answer.fallback === null).length;
}

describe('decisions keep coming', () => {
  it('with Postgres stopped, and the events arrive after it is back', { timeout: 120_000 }, async () => {
    const file = new AcknowledgedFile(join(folder, 'stopped.jsonl'));
    const port = new URL(postgres.url).port;
    await postgres.stop();
    const decided = await decideWhileAway('stopped', file);
    postgres = await startEmbeddedPostgres({ directory });
    expect(new URL(postgres.url).port).toBe(port);
    expect(decided).toBeGreaterThan(0);
    expect(await expectAllStored(client, file, 60_000)).toBeGreaterThanOrEqual(3 * decided);
  });

  it.skipIf(!existsSync('/proc/self/stat'))(
    'with Postgres frozen (SIGSTOP; needs /proc), and the events arrive when it thaws',
    { timeout: 120_000 },
    async () => {
      const file = new AcknowledgedFile(join(folder, 'frozen.jsonl'));
      const pids = withChildren(postgres.pid);
      signalAll(pids, 'SIGSTOP');
      const decided = await decideWhileAway('frozen', file).finally(() => signalAll(pids, 'SIGCONT'));
      expect(decided).toBeGreaterThan(0);
      expect(await expectAllStored(client, file, 60_000)).toBeGreaterThanOrEqual(3 * decided);
    },
  );
});
