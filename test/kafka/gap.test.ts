import kafkajs, { type Kafka } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../src/config/config.ts';
import { createKafkaEventLog, type KafkaEventLog } from '../../src/kafka/event-log.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { type Logger, silentLogger } from '../../src/service/ports/logger.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { kafkaConfig, startBroker, type TestBroker, whyNoBroker } from '../support/kafka.ts';

const why = whyNoBroker();
const watch = { everyMs: 200, stallMs: 1_500 };
const encoded = (text: string): Buffer => Buffer.from(text);

/** Lines of level error, each with the offset it names. */
class Errors implements Pick<Logger, 'error'> {
  readonly said: { readonly message: string; readonly offset: unknown }[] = [];
  error(fields: object, message: string): void {
    this.said.push({ message, offset: (fields as { offset?: unknown }).offset });
  }
}

describe.skipIf(why !== null)(`offsets without a record${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let broker: TestBroker;
  let kafka: Kafka;
  beforeAll(async () => {
    broker = await startBroker();
    kafka = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING });
  }, 120_000);
  afterAll(() => broker.stop());

  async function collect(
    config: KafkaConfig,
    logger: Logger,
    metrics = noMetrics,
  ): Promise<{ log: KafkaEventLog; seen: string[] }> {
    const log = createKafkaEventLog(config, logger, { watch, metrics });
    const seen: string[] = [];
    await log.consume(async (records) => void seen.push(...records.map(({ key }) => key)));
    return { log, seen };
  }

  it('markers of transactions, committed and aborted, are no lag and no standstill', async () => {
    const config = kafkaConfig(broker.address);
    const errors = new Errors();
    const { log, seen } = await collect(config, { ...silentLogger, error: errors.error.bind(errors) });
    await log.ensureTopics(1);
    const producer = kafka.producer({
      transactionalId: config.clientId,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    for (const [key, isKept] of [
      ['a', true],
      ['b', false],
      ['c', true],
      ['d', false],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: config.decisionsTopic, messages: [{ key, value: 'x' }] });
      await (isKept ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    await eventually(() => seen.length >= 2);
    const consumer = await log.consume(async () => undefined);
    await eventually(async () => (await consumer.lag()) === 0);
    await sleep(2 * watch.stallMs);
    expect(seen).toEqual(['a', 'c']);
    expect(errors.said).toEqual([]);
    await log.close();
  }, 60_000);

  it('records deleted before they were read are passed over', async () => {
    const config = kafkaConfig(broker.address);
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(1);
    const { decisionsTopic: topic } = config;
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic,
      messages: Array.from({ length: 10 }, (_, n) => ({ key: `k${String(n)}`, value: 'x' })),
    });
    await producer.disconnect();
    const admin = kafka.admin();
    await admin.connect();
    // Where the group stood before the records were deleted under it.
    await admin.setOffsets({ groupId: config.groupId, topic, partitions: [{ partition: 0, offset: '2' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '7' }] });
    await admin.disconnect();
    const { log: reader, seen } = await collect(config, silentLogger);
    await eventually(() => seen.length >= 3);
    expect(seen).toEqual(['k7', 'k8', 'k9']);
    await Promise.all([log.close(), reader.close()]);
  }, 60_000);

  it('a batch emptied by compaction: the member is started again, then seeks past it, and no record is passed over', async () => {
    const config = kafkaConfig(broker.address);
    const errors = new Errors();
    await makeGap(kafka, config);
    const logger = { ...silentLogger, error: errors.error.bind(errors) };
    const gaps: string[] = [];
    const metrics = { ...noMetrics, logGap: (topic: string) => void gaps.push(topic) };
    const [first, second] = [await collect(config, logger, metrics), await collect(config, logger, metrics)];
    await eventually(() => first.seen.length + second.seen.length >= 4);
    expect(errors.said.at(0)?.message).toMatch(/started again/);
    expect(errors.said.at(-1)).toMatchObject({
      message: expect.stringMatching(/past a gap/) as string,
      offset: '0',
    });

    expect(gaps).toEqual([config.decisionsTopic]);

    // Two members still, each with a partition of its own: what comes now is handled once.
    const keys = Array.from({ length: 200 }, (_, n) => `later-${String(n)}`);
    await first.log.publish(keys.map((key) => ({ key, value: encoded('{}') })));
    await eventually(() => first.seen.length + second.seen.length >= 204);
    await sleep(1_000);
    expect([...first.seen, ...second.seen].sort()).toEqual(['k0', 'k1', 'k2', 'z', ...keys].sort());
    await Promise.all([first.log.close(), second.log.close()]);
  }, 60_000);
});

/**
 * Offsets 0 … 2 in a batch without records: an idempotent producer's last batch keeps its place when compaction has taken all
 * of it. The next batch is too large to come in the same answer, so that the client gets nothing at all.
 */
async function makeGap(kafka: Kafka, config: KafkaConfig): Promise<void> {
  const log = createKafkaEventLog(config, silentLogger);
  await log.ensureTopics(1);
  await log.close();
  const { decisionsTopic: topic } = config;
  const admin = kafka.admin();
  await admin.connect();
  const settings = {
    'max.message.bytes': '4000000',
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': '0.0001',
    'segment.ms': '100',
  };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }],
  });
  const send = async (isIdempotent: boolean, messages: { key: string; value: Buffer }[]): Promise<void> => {
    const producer = kafka.producer({ idempotent: isIdempotent, maxInFlightRequests: 1 });
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
    // A segment is closed by the first record that comes after its time.
    await sleep(200);
  };
  const keys = ['k0', 'k1', 'k2'];
  await send(
    true,
    keys.map((key) => ({ key, value: encoded('old') })),
  );
  await send(
    false,
    keys.map((key) => ({ key, value: Buffer.alloc(500_000, key) })),
  );
  await send(false, [{ key: 'z', value: encoded('last') }]);
  await eventually(async () => {
    const [first] = await admin.fetchTopicOffsetsByTimestamp(topic, 0);
    return first.offset === '3';
  });
  await admin.disconnect();
}
