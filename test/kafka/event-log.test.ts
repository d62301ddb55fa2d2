import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaEventLog } from '../../src/kafka/event-log.ts';
import { declaredTopics } from '../../src/kafka/topics.ts';
import { createMemoryEventLog } from '../../src/memory/event-log.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { startForwarder } from '../../src/service/delivery/forwarder.ts';
import { describeEventLog, eventually, idOf, idsOf, recordsOf } from '../contracts/event-log-contract.ts';
import { decisionEvent, exposureEvent } from '../support/events.ts';
import { type TestBroker, kafkaConfig, kafkaVersion, startBroker, whyNoBroker } from '../support/kafka.ts';

const reason = whyNoBroker();
if (reason !== null) console.warn(`SKIPPED: the tests against a real Kafka broker (${reason})`);
const title = reason === null ? `Kafka ${kafkaVersion}` : `Kafka, skipped: ${reason}`;
const PARTITIONS = 3;

describe.skipIf(reason !== null)(title, () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startBroker();
  }, 300_000);
  afterAll(() => broker.stop());

  describeEventLog(`Kafka ${kafkaVersion}`, async () => {
    const log = createKafkaEventLog(kafkaConfig(broker.address), silentLogger);
    await log.ensureTopics(PARTITIONS);
    return { log, remove: async () => undefined };
  });

  it('brings decisions and feedback from the journal, each on its own topic', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'allot-journal-'));
    const journal = await openJournal({ directory, segmentBytes: 65_536, maxBytes: 1e8, sync: 'group' });
    const config = kafkaConfig(broker.address);
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(PARTITIONS);
    for (let n = 0; n < 200; n += 1) journal.appendAll([exposureEvent(n), decisionEvent(n)]);
    const forwarder = await startForwarder(journal, log, () =>
      Promise.reject(new Error('nothing is too large')),
    );
    const seen: unknown[] = [];
    const consumer = await log.consume(async (records) => {
      seen.push(...records.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as unknown));
    });
    await eventually(() => seen.length >= 400 && journal.depth().records === 0);
    expect(seen).toHaveLength(400);
    expect(seen).toContainEqual(decisionEvent(199));
    expect(seen).toContainEqual(exposureEvent(0));
    await forwarder.stop();
    await consumer.stop();
    await log.close();
    await journal.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('creates topics once and leaves existing ones alone', async () => {
    const log = createKafkaEventLog(kafkaConfig(broker.address), silentLogger);
    await log.ensureTopics(2);
    await log.ensureTopics(5);
    await log.publish(recordsOf(0, 10));
    await log.close();
  });

  it('carries an event far larger than the usual limit of a broker', async () => {
    const log = createKafkaEventLog(kafkaConfig(broker.address), silentLogger);
    await log.ensureTopics(1);
    const large = {
      key: 'u',
      value: Buffer.from(JSON.stringify(decisionEvent(1, { features: { t: 'x'.repeat(3e6) } }))),
    };
    const sizes: number[] = [];
    await log.consume(async (records) => void sizes.push(...records.map(({ value }) => value.length)));
    await log.publish([...recordsOf(5, 8), large]);
    await eventually(() => sizes.length === 4);
    expect(Math.max(...sizes)).toBe(large.value.length);
    await log.close();
  });

  it('takes all but what is larger than a topic that somebody else made, and says so', async () => {
    const config = kafkaConfig(broker.address);
    const admin = new kafkajs.Kafka({ brokers: [broker.address], logLevel: 0 }).admin();
    await admin.connect();
    const configEntries = [{ name: 'max.message.bytes', value: '1048588' }];
    const topics = [config.decisionsTopic, config.feedbackTopic].map((topic) => ({ topic, configEntries }));
    await admin.createTopics({ waitForLeaders: true, topics });
    await admin.disconnect();
    const log = createKafkaEventLog(config, silentLogger);
    expect(await log.checkTopics({ ...declaredTopics, partitions: 1 })).toContainEqual(
      expect.objectContaining({ setting: 'max.message.bytes', found: 1_048_588 }),
    );
    const journal = createMemoryEventLog({ batchRecords: 100 });
    const large = decisionEvent(50, { features: { t: 'x'.repeat(2e6) } });
    const records = recordsOf(0, 100);
    records[50] = { key: 'u', value: Buffer.from(JSON.stringify(large)) };
    await journal.publish(records);
    const past: string[] = [];
    const forwarder = await startForwarder(journal, log, async (some) => void past.push(...some.map(idOf)));
    await eventually(async () => (await forwarder.lag()) === 0);
    expect(past).toEqual(['decision-50']);
    const seen = new Set<string>();
    await log.consume(async (some) => some.forEach((record) => seen.add(idOf(record))));
    await eventually(() => seen.size >= 99);
    expect([...seen].sort()).toEqual(
      idsOf(0, 100)
        .filter((id) => id !== 'decision-50')
        .sort(),
    );
    await forwarder.stop();
    await log.close();
  });

  // Last: it takes the broker away.
  it('loses nothing when the broker is killed and comes back, and says when it is away', async () => {
    const config = kafkaConfig(broker.address);
    const log = createKafkaEventLog(config, silentLogger, { sendDeadlineMs: 2_000 });
    await log.ensureTopics(PARTITIONS);
    const seen = new Set<string>();
    await log.consume(async (records) => records.forEach((record) => seen.add(idOf(record))));
    await log.publish(recordsOf(0, 100));
    await eventually(() => seen.size >= 100);
    await broker.kill();
    const refused = log.publish(recordsOf(100, 200));
    await expect(refused).rejects.toMatchObject({ code: 'broker_unavailable' });
    await broker.restart();
    await eventually(() =>
      log.publish(recordsOf(100, 200)).then(
        () => true,
        () => false,
      ),
    );
    await log.publish(recordsOf(200, 300));
    await eventually(() => seen.size >= 300);
    expect([...seen].sort()).toEqual(idsOf(0, 300).sort());
    await log.close();
  }, 60_000);
});
