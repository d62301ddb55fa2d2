import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createKafkaEventLog, type KafkaEventLog } from '../../src/kafka/event-log.ts';
import { type Logger, silentLogger } from '../../src/service/ports/logger.ts';
import { eventually, idOf, idsOf, recordsOf } from '../contracts/event-log-contract.ts';
import { describeWithBroker } from '../support/describe-with-broker.ts';
import { kafkaConfig } from '../support/kafka.ts';

/** Four partitions of it are longer than a rebalance lasts (10 s), one is not. */
const BATCH_MS = 3_200;

describeWithBroker('a group that rebalances over slow batches', (broker) => {
  it('loses no member, and no record is handled twice: who must join again begins nothing more', async () => {
    const config = kafkaConfig(broker().address);
    const said: string[] = [];
    const note = (_fields: object, text: string): void => void said.push(text);
    const logger: Logger = { ...silentLogger, warn: note, error: note };
    const [first, second] = [0, 1].map(() => createKafkaEventLog(config, logger));
    await first.ensureTopics(4);
    await first.publish(recordsOf(0, 40).map((record, n) => ({ ...record, key: `unit-${String(n)}` })));
    const handled: string[] = [];
    let inHand = 0;
    const consume = (log: KafkaEventLog): ReturnType<KafkaEventLog['consume']> =>
      log.consume(async (records) => {
        inHand += 1;
        await sleep(BATCH_MS);
        handled.push(...records.map(idOf));
      });
    const consumer = await consume(first);
    await eventually(() => inHand > 0);
    await consume(second);
    await eventually(async () => (await consumer.lag()) === 0);
    await Promise.all([first.close(), second.close()]);
    expect(handled.sort()).toEqual(idsOf(0, 40).sort());
    expect(said.filter((text) => text.includes('crash'))).toEqual([]);
  }, 60_000);
});
