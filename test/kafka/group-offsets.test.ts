import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { KafkaConfig } from '../../src/config/config.ts';
import { createKafkaEventLog } from '../../src/kafka/event-log.ts';
import { readGroupOffsets, writeGroupOffsets } from '../../src/kafka/group-offsets.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { eventually, idOf, idsOf, recordsOf } from '../contracts/event-log-contract.ts';
import { describeWithBroker } from '../support/describe-with-broker.ts';
import { kafkaConfig } from '../support/kafka.ts';

describeWithBroker('the offsets of the group on a real broker', (broker) => {
  /** Publishes, and reads until everything sent so far has been handled and committed by a member that then leaves. */
  async function handled(config: KafkaConfig, from: number, to: number): Promise<ReadonlySet<string>> {
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(3);
    const seen = new Set<string>();
    await log.publish(recordsOf(from, to));
    const consumer = await log.consume(async (records) =>
      records.forEach((record) => seen.add(idOf(record))),
    );
    await eventually(async () => (await consumer.lag()) === 0);
    await log.close();
    return seen;
  }

  // First in this file: a new broker has no coordinator yet, and the client crashes on its way into the group.
  it('can be set after a member was stopped while it joined, for it leaves nobody in the group', async () => {
    const config = kafkaConfig(broker().address);
    const log = createKafkaEventLog(config, silentLogger);
    await log.ensureTopics(1);
    await log.consume(() => Promise.resolve());
    await sleep(100);
    await log.close();
    await sleep(1_000);
    await writeGroupOffsets(config, []);
  }, 60_000);

  it('are set back to what they were: everything from then on is read again, and nothing before', async () => {
    const config = kafkaConfig(broker().address);
    await handled(config, 0, 60);
    const then = await readGroupOffsets(config);
    await handled(config, 60, 100);
    expect(await readGroupOffsets(config)).not.toEqual(then);
    await writeGroupOffsets(config, then);
    expect(await readGroupOffsets(config)).toEqual(then);
    expect([...(await handled(config, 100, 110))].sort()).toEqual(idsOf(60, 110).sort());
  }, 60_000);

  it('begin at the oldest record where none are named: nothing had been stored then', async () => {
    const config = kafkaConfig(broker().address);
    await handled(config, 0, 0);
    expect(await readGroupOffsets(config)).toEqual([]);
    await handled(config, 0, 30);
    await writeGroupOffsets(config, []);
    expect([...(await handled(config, 30, 31))].sort()).toEqual(idsOf(0, 31).sort());
  }, 60_000);

  it('stay as they are while a member is in the group, and for a partition that does not exist', async () => {
    const config = kafkaConfig(broker().address);
    await handled(config, 0, 30);
    const before = await readGroupOffsets(config);
    const nowhere = { topic: config.decisionsTopic, partition: 77, offset: '0' };
    await expect(writeGroupOffsets(config, [nowhere])).rejects.toMatchObject({ code: 'invalid_request' });
    const log = createKafkaEventLog(config, silentLogger);
    let seen = 0;
    await log.consume(async (records) => void (seen += records.length));
    await log.publish(recordsOf(30, 40));
    await eventually(() => seen >= 10);
    await expect(writeGroupOffsets(config, [])).rejects.toMatchObject({
      code: 'state_conflict',
      message: expect.stringContaining('stop every ingest first') as string,
    });
    await log.close();
    expect((await readGroupOffsets(config)).length).toBe(before.length);
  }, 60_000);
});
