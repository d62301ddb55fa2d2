import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/env.ts';
import { createKafkaEventLog } from '../../src/kafka/event-log.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { eventually, idOf, idsOf, recordsOf } from '../contracts/event-log-contract.ts';
import {
  kafkaConfig,
  type SecureBroker,
  settingsFor,
  startSecureBroker,
  whyNoSecureBroker,
} from '../support/kafka.ts';

const why = whyNoSecureBroker();
if (why !== null) console.warn(`SKIPPED: TLS and SASL against a real broker (${why})`);
type Changes = Readonly<Record<string, string | undefined>>;

describe.skipIf(why !== null)(
  `a broker with TLS and log-in${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    let broker: SecureBroker;
    beforeAll(async () => {
      broker = await startSecureBroker();
    }, 120_000);
    afterAll(() => broker.stop());

    /** As a process reads it from its environment, with topics and a group of its own. */
    function configOf(changes: Changes = {}): KafkaConfig {
      const { kafka } = readConfig({ ...settingsFor(broker), ...changes });
      if (kafka === null) throw new Error('no brokers');
      const { groupId, decisionsTopic, feedbackTopic } = kafkaConfig(broker.secureAddress);
      return { ...kafka, groupId, decisionsTopic, feedbackTopic };
    }

    const refusalOf = async (config: KafkaConfig): Promise<unknown> => {
      const log = createKafkaEventLog(config, silentLogger, { adminDeadlineMs: 2_000 });
      const error = await log.ensureTopics(1).catch((refusal: unknown) => refusal);
      await log.close();
      return error;
    };

    it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
      'takes and gives records after a log-in by %s',
      async (mechanism) => {
        const log = createKafkaEventLog(configOf({ KAFKA_SASL_MECHANISM: mechanism }), silentLogger);
        await log.ensureTopics(2);
        const seen = new Set<string>();
        await log.consume(async (records) => records.forEach((record) => seen.add(idOf(record))));
        await log.publish(recordsOf(0, 50));
        await eventually(() => seen.size >= 50);
        expect([...seen].sort()).toEqual(idsOf(0, 50).sort());
        await log.close();
      },
      60_000,
    );

    it.each([
      ['another password', { KAFKA_SASL_PASSWORD: 'wrong' }, /refused the log-in.*KAFKA_SASL_PASSWORD/],
      [
        'another password, by scram',
        { KAFKA_SASL_PASSWORD: 'wrong', KAFKA_SASL_MECHANISM: 'scram-sha-256' },
        /refused the log-in.*KAFKA_SASL_PASSWORD/,
      ],
      ['no certificate of the authority', { KAFKA_SSL_CA: undefined }, /KAFKA_SSL_CA/],
      [
        'a client without TLS',
        { KAFKA_SSL: 'false', KAFKA_SSL_CA: undefined },
        /the brokers speak TLS.*KAFKA_SSL=true/,
      ],
    ])('says what to do about %s', async (_what, changes: Changes, advice) => {
      const error = await refusalOf(configOf(changes));
      expect(error).toMatchObject({
        code: 'broker_unavailable',
        message: expect.stringMatching(advice) as string,
      });
      expect(JSON.stringify([(error as Error).message, String((error as Error).cause)])).not.toContain(
        'wrong',
      );
    });

    it.concurrent('says what to do about TLS on a listener without it', async () => {
      const error = await refusalOf({ ...configOf(), brokers: [broker.address] });
      expect(error).toMatchObject({
        message: expect.stringMatching(/do not speak TLS.*KAFKA_SSL/) as string,
      });
    });
  },
);

describe('KAFKA_SSL_CA', () => {
  const folder = mkdtempSync(join(tmpdir(), 'allot-ca-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  const read = (changes: Changes): unknown =>
    readConfig({ KAFKA_BROKERS: 'a:1', KAFKA_SSL: 'true', KAFKA_SSL_CA: file, ...changes }).kafka;

  it('is refused when it cannot be read, holds no certificate, or TLS is off', () => {
    expect(() => read({})).toThrow(/KAFKA_SSL_CA must be a file that can be read/);
    writeFileSync(file, 'a key, perhaps');
    expect(() => read({})).toThrow(/KAFKA_SSL_CA must be a file with a certificate/);
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n');
    expect(() => read({ KAFKA_SSL: 'false' })).toThrow(/KAFKA_SSL_CA needs KAFKA_SSL=true/);
    expect(read({})).toMatchObject({
      ssl: true,
      sslCa: expect.stringContaining('BEGIN CERTIFICATE') as string,
    });
  });
});
