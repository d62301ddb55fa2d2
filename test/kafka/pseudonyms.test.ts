import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type KafkaMessage } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { type AllotProcess, freePort, startAllotProcess } from '../support/allot-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { kafkaConfig, startBroker, type TestBroker, whyNoBroker } from '../support/kafka.ts';
import { declareLiveFeed } from '../support/live-feed.ts';

const why = whyNoBroker();
const RAW = 'person@example.com';
const DECISIONS = 20;

describe.skipIf(why !== null)(
  `with ALLOT_PSEUDONYMOUS_UNITS=true${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'allot-pseudonyms-'));
    let broker: TestBroker;
    let database: TestDatabase;
    let allot: AllotProcess;
    beforeAll(async () => {
      [broker, database] = await Promise.all([startBroker(), createTestDatabase()]);
      allot = await startAllotProcess({
        dataDir: folder,
        port: await freePort(),
        isFirstStart: true,
        env: {
          DATABASE_URL: database.url,
          KAFKA_BROKERS: broker.address,
          ALLOT_PSEUDONYMOUS_UNITS: 'true',
        },
      });
    }, 120_000);
    afterAll(async () => {
      await allot.stop();
      await Promise.all([broker.stop(), database.drop()]);
      rmSync(folder, { recursive: true, force: true });
    });

    /** Everything on both topics, as any reader of them would see it. */
    async function onTheTopics(count: number): Promise<KafkaMessage[]> {
      const kafka = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING });
      const consumer = kafka.consumer({ groupId: kafkaConfig(broker.address).groupId });
      const found: KafkaMessage[] = [];
      await consumer.connect();
      await consumer.subscribe({ topics: ['allot.decisions.v1', 'allot.feedback.v1'], fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void found.push(message) });
      await eventually(() => found.length >= count);
      await consumer.disconnect();
      return found;
    }

    it('no raw unit id stands anywhere on the topics: in no key, no value, no header', async () => {
      const client = createClient({ url: allot.url, key: allot.adminKey ?? '' });
      await declareLiveFeed(client);
      for (let n = 0; n < DECISIONS; n += 1) {
        const { decisionId } = await client.decide({
          requestId: `r-${String(n)}`,
          surface: 'live-feed',
          unitId: RAW,
          features: { hour: n },
        });
        await client.expose([{ eventId: `e-${String(n)}`, decisionId }]);
      }
      const messages = await onTheTopics(2 * DECISIONS);
      expect(messages).toHaveLength(2 * DECISIONS);
      for (const { key, value, headers } of messages) {
        const everything = [key?.toString(), value?.toString(), JSON.stringify(headers)].join('\n');
        expect(everything).not.toContain(RAW);
        expect(everything).not.toContain(Buffer.from(RAW).toString('base64'));
      }
      const { rows } = await database.pool.query<{ n: string }>(
        `select count(*) as n from decisions where event::text like '%' || $1 || '%'`,
        [RAW],
      );
      expect(rows[0].n).toBe('0');
    }, 60_000);
  },
);
