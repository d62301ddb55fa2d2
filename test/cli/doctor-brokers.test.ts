import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBrokers } from '../../src/cli/doctor/brokers.ts';
import type { KafkaConfig } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/env.ts';
import { createKafkaEventLog } from '../../src/kafka/event-log.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import {
  kafkaConfig,
  type SecureBroker,
  settingsFor,
  startSecureBroker,
  whyNoSecureBroker,
} from '../support/kafka.ts';

const why = whyNoSecureBroker();
if (why !== null) console.warn(`SKIPPED: allot doctor against a real broker (${why})`);

describe.skipIf(why !== null)(`the check of the brokers${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let broker: SecureBroker;
  let config: KafkaConfig;
  beforeAll(async () => {
    broker = await startSecureBroker();
    const { kafka } = readConfig(settingsFor(broker));
    if (kafka === null) throw new Error('no brokers');
    const { decisionsTopic, feedbackTopic } = kafkaConfig(broker.secureAddress);
    config = { ...kafka, decisionsTopic, feedbackTopic };
  }, 120_000);
  afterAll(() => broker.stop());

  it('fails for topics that are missing, and is content once they are made', async () => {
    expect(await checkBrokers(config)).toMatchObject({
      state: 'failure',
      found: `missing topics: ${config.decisionsTopic}, ${config.feedbackTopic}`,
      advice: 'run `allot topics apply`',
    });
    const log = createKafkaEventLog(config, silentLogger);
    await log.applyTopics({ partitions: 1, retentionMs: 3_600_000 });
    await log.close();
    expect(await checkBrokers(config)).toMatchObject({ state: 'ok', advice: null });
  });

  it('fails for a wrong password and for an unknown certificate, whose port answers all the same', async () => {
    const sasl = { mechanism: 'plain', username: broker.user.username, password: 'hush-hush' } as const;
    const { sslCa, ...withoutCa } = config;
    expect(sslCa).toBeDefined();
    for (const wrong of [{ ...config, sasl }, withoutCa]) {
      const finding = await checkBrokers(wrong);
      expect(finding).toMatchObject({ check: 'brokers', state: 'failure' });
      expect(finding.found).toMatch(/^the client does not get in: /);
      expect(JSON.stringify(finding)).not.toContain('hush');
    }
  });

  it('warns when one of the brokers does not answer', async () => {
    const brokers = [...config.brokers, '127.0.0.1:1'];
    expect(await checkBrokers({ ...config, brokers })).toMatchObject({
      state: 'warning',
      found: 'no answer from 127.0.0.1:1',
    });
  });
});
