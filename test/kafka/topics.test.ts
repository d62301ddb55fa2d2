import kafkajs from 'kafkajs';
import { expect, it } from 'vitest';
import { createKafkaEventLog } from '../../src/kafka/event-log.ts';
import { declaredTopics } from '../../src/kafka/topics.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { describeWithBroker } from '../support/describe-with-broker.ts';
import { kafkaConfig } from '../support/kafka.ts';

describeWithBroker('the topics on a real broker', (broker) => {
  it('are missing, then as declared; a second apply changes nothing', async () => {
    const config = kafkaConfig(broker().address);
    const log = createKafkaEventLog(config, silentLogger);
    const missing = await log.checkTopics(declaredTopics);
    expect(missing).toHaveLength(6);
    expect(new Set(missing.map(({ found }) => found))).toEqual(new Set([null]));
    expect(await log.applyTopics(declaredTopics)).toEqual([]);
    expect(await log.applyTopics(declaredTopics)).toEqual([]);
    expect(await log.checkTopics(declaredTopics)).toEqual([]);
    await log.close();
  });

  it('get the declared retention and more partitions, and keep what somebody else has set', async () => {
    const config = kafkaConfig(broker().address);
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(2);
    const admin = new kafkajs.Kafka({ brokers: [broker().address], logLevel: 0 }).admin();
    await admin.connect();
    const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: config.decisionsTopic };
    const configEntries = [{ name: 'compression.type', value: 'gzip' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries }] });

    const wanted = { partitions: 3, retentionMs: 3_600_000 };
    expect(await log.applyTopics(wanted)).toEqual([]);

    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [topic] });
    const valueOf = (name: string): string | undefined =>
      resources[0].configEntries.find(({ configName }) => configName === name)?.configValue;
    expect(valueOf('retention.ms')).toBe('3600000');
    expect(valueOf('compression.type')).toBe('gzip');
    await admin.disconnect();
    await log.close();
  });

  it('are never compressed in a way that the client cannot read, whoever made them', async () => {
    const config = kafkaConfig(broker().address);
    const admin = new kafkajs.Kafka({ brokers: [broker().address], logLevel: 0 }).admin();
    await admin.connect();
    const configEntries = [{ name: 'compression.type', value: 'zstd' }];
    await admin.createTopics({ topics: [{ topic: config.decisionsTopic, configEntries }] });
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(1);
    const wanted = { ...declaredTopics, partitions: 1 };
    expect(await log.checkTopics(wanted)).toContainEqual({
      topic: config.decisionsTopic,
      setting: 'compression.type',
      declared: 'producer',
      found: 'zstd',
    });
    expect(await log.applyTopics(wanted)).toEqual([]);
    const topics = [config.decisionsTopic, config.feedbackTopic];
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: ['compression.type'],
      })),
    });
    for (const { configEntries: found } of resources)
      expect(found[0]).toMatchObject({
        configValue: 'producer',
        configSource: kafkajs.ConfigSource.TOPIC_CONFIG,
      });
    await admin.disconnect();
    await log.close();
  });

  it('never lose a partition: what cannot be done is told', async () => {
    const config = kafkaConfig(broker().address);
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(4);
    const left = await log.applyTopics({ ...declaredTopics, partitions: 2 });
    expect(left.map(({ setting, declared, found }) => ({ setting, declared, found }))).toEqual([
      { setting: 'partitions', declared: 2, found: 4 },
      { setting: 'partitions', declared: 2, found: 4 },
    ]);
    await log.close();
  });
});
