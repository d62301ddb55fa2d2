import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createClient, type AllotClient } from '../../src/client/client.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { AcknowledgedFile, drive, expectAllStored } from '../support/acknowledged.ts';
import { freePort, postmasterPid, startAllotProcess, type AllotProcess } from '../support/allot-process.ts';
import { startBroker, whyNoBroker } from '../support/kafka.ts';
import { declareLiveFeed } from '../support/live-feed.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const closing: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

interface Service {
  allot: AllotProcess;
  readonly dataDir: string;
  readonly client: AllotClient;
  restart(): Promise<void>;
}

async function startService(env: Readonly<Record<string, string>> = {}): Promise<Service> {
  const dataDir = mkdtempSync(join(tmpdir(), 'allot-crash-'));
  closing.push(() => Promise.resolve(rmSync(dataDir, { recursive: true, force: true })));
  const port = await freePort();
  const allot = await startAllotProcess({ dataDir, port, env, isFirstStart: true });
  const service: Service = {
    allot,
    dataDir,
    client: createClient({ url: allot.url, key: allot.adminKey ?? '' }),
    async restart() {
      service.allot = await startAllotProcess({ dataDir, port, env });
    },
  };
  closing.push(() => service.allot.stop());
  await declareLiveFeed(service.client);
  return service;
}

/** Four clients drive the service while each fault is done at a moment of the seed's choice; then all is compared. */
async function expectNothingLost(service: Service, faults: readonly (() => Promise<void>)[]): Promise<void> {
  const file = new AcknowledgedFile(join(service.dataDir, 'acknowledged.jsonl'));
  let isStopped = false;
  const workers = [0, 1, 2, 3].map((worker) =>
    drive(() => service.client, file, { worker, isStopped: () => isStopped }),
  );
  const random = createRandom(20261124);
  for (const fault of faults) {
    await sleep(300 + 700 * random.uniform());
    await fault();
  }
  await sleep(500);
  isStopped = true;
  await Promise.all(workers);
  expect(await expectAllStored(service.client, file, 60_000)).toBeGreaterThan(0);
  const accepted = file.lines().filter((line) => line.kind === 'decision').length;
  const counts = await service.client.counts('live-feed');
  expect(counts.decisions).toBeGreaterThanOrEqual(accepted);
  expect(counts.orphans).toBe(0);
}

describe('kill -9 under load loses no acknowledged event and stores none twice', () => {
  it('of the process alone and of process and Postgres together', { timeout: 180_000 }, async () => {
    const service = await startService();
    const killAlone = async (): Promise<void> => {
      await service.allot.kill();
      await service.restart();
    };
    const killGroup = async (): Promise<void> => {
      process.kill(postmasterPid(service.dataDir), 'SIGKILL');
      await killAlone();
    };
    await expectNothingLost(service, [killAlone, killGroup, killAlone]);
  });

  const why = whyNoBroker();
  it.skipIf(why !== null)(
    `through a real Kafka broker, of the process and of the broker${why === null ? '' : ` (skipped: ${why})`}`,
    { timeout: 240_000 },
    async () => {
      const broker = await startBroker();
      closing.push(() => broker.stop());
      const service = await startService({ KAFKA_BROKERS: broker.address });
      const killAllot = async (): Promise<void> => {
        await service.allot.kill();
        await service.restart();
      };
      const killBroker = async (): Promise<void> => {
        await broker.kill();
        await sleep(1000);
        await broker.restart();
      };
      await expectNothingLost(service, [killAllot, killBroker, killAllot]);
    },
  );
});
