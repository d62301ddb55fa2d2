import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/env.ts';
import type { KafkaConfig } from '../../../src/config/config.ts';
import { startIngest } from '../../../src/ingest/pipeline.ts';
import { createKafkaEventLog } from '../../../src/kafka/event-log.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { silentLogger } from '../../../src/service/ports/logger.ts';
import { noMetrics } from '../../../src/service/ports/metrics.ts';
import { mintId } from '../../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { decisionEvent } from '../../support/events.ts';
import { startBroker, type TestBroker, whyNoBroker } from '../../support/kafka.ts';

const why = whyNoBroker();
const folder = mkdtempSync(join(tmpdir(), 'allot-backup-kafka-'));
const at = Date.UTC(2026, 1, 3);

describe.skipIf(why !== null)(
  `backup and restore with Kafka${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    let broker: TestBroker;
    let original: TestDatabase;
    let target: TestDatabase;
    beforeAll(async () => {
      [broker, original, target] = await Promise.all([
        startBroker(),
        createTestDatabase(),
        createTestDatabase(),
      ]);
    }, 120_000);
    afterAll(async () => {
      await Promise.all([broker.stop(), original.drop(), target.drop()]);
      rmSync(folder, { recursive: true, force: true });
    });

    const settings = (databaseUrl: string) => ({
      DATABASE_URL: databaseUrl,
      KAFKA_BROKERS: broker.address,
      ALLOT_DATA_DIR: join(folder, 'data'),
    });

    /** Sends so many decisions, and lets ingest store everything that waits. */
    async function ingested({ url, pool }: TestDatabase, from: number, to: number): Promise<number> {
      const log = createKafkaEventLog(readConfig(settings(url)).kafka as KafkaConfig, silentLogger);
      await log.ensureTopics(3);
      const events = Array.from({ length: to - from }, (_, n) =>
        decisionEvent(from + n, { decisionId: mintId('default', at + from + n), decidedAt: at + from + n }),
      );
      await log.publish(
        events.map((event) => ({
          kind: 'decision',
          key: event.unitId,
          value: Buffer.from(JSON.stringify(event)),
        })),
      );
      const store = createPostgresStores(pool).events;
      const ingest = await startIngest({ log, store, metrics: noMetrics, logger: silentLogger });
      await expect.poll(() => ingest.lag(), { timeout: 30_000 }).toBe(0);
      await ingest.stop();
      await log.close();
      const { rows } = await pool.query<{ count: number }>('select count(*)::integer from decisions');
      return rows[0].count;
    }

    function allot({ url }: TestDatabase, ...words: string[]): void {
      const run = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], {
        cwd: new URL('../../../', import.meta.url),
        encoding: 'utf8',
        env: { ...process.env, ...settings(url) },
      });
      expect(run.stderr).not.toContain('error');
      expect(run.status).toBe(0);
    }

    it('nothing is missing of what the brokers took after the backup', { timeout: 180_000 }, async () => {
      expect(await ingested(original, 0, 100)).toBe(100);
      allot(original, 'backup', join(folder, 'monday'), '--without-secrets');
      expect(await ingested(original, 100, 200)).toBe(200);
      allot(target, 'restore', join(folder, 'monday'));
      expect(await ingested(target, 200, 200)).toBe(200);
    });
  },
);
