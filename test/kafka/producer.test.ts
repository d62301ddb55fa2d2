import type { Kafka, PartitionerArgs, ProducerBatch, ProducerConfig } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { Partitioning } from '../../src/kafka/confirmation.ts';
import { DeadlineProducer } from '../../src/kafka/producer.ts';
import { recordsOf } from '../contracts/event-log-contract.ts';
import { kafkaConfig } from '../support/kafka.ts';

type Answer = (batch: ProducerBatch) => Promise<unknown>;
const never: Answer = () => new Promise(() => undefined);
const confirming: Answer = (batch) =>
  Promise.resolve(
    (batch.topicMessages ?? []).map(({ topic }) => ({ topicName: topic, partition: 0, errorCode: 0 })),
  );

/** The client as far as sends use it: every new producer answers as the next of `answers` says. */
function producers(...answers: Answer[]): {
  kafka: Pick<Kafka, 'producer'>;
  left: boolean[];
  made(): number;
} {
  const left: boolean[] = [];
  const producer = ({ createPartitioner }: ProducerConfig): unknown => {
    const n = left.push(false) - 1;
    const choose = createPartitioner?.();
    return {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(void (left[n] = true)),
      sendBatch: (batch: ProducerBatch) => {
        for (const { topic, messages } of batch.topicMessages ?? [])
          for (const message of messages) choose?.({ topic, message, partitionMetadata });
        return answers[n](batch);
      },
    };
  };
  return { kafka: { producer } as unknown as Pick<Kafka, 'producer'>, left, made: () => left.length };
}
const partitionMetadata = [
  { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1], offlineReplicas: [] },
];

const outcomeOf = (sending: Promise<void>): Promise<string> =>
  sending.then(
    () => 'sent',
    (error: unknown) => (error as Error).message,
  );

describe('a send that never ends', () => {
  const config = kafkaConfig('127.0.0.1:9');

  it('holds up the others for some deadlines, and then its client is given up for another', async () => {
    const { kafka, left } = producers(never, confirming);
    const producer = new DeadlineProducer({
      kafka,
      config,
      deadlineMs: 20,
      brokerAnswers: () => Promise.resolve(),
    });
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== 'sent' && outcomes.length < 10)
      outcomes.push(await outcomeOf(producer.send(recordsOf(0, 3))));
    expect(outcomes).toEqual([
      'kafka: send: no answer within 20 ms',
      'kafka: earlier sends: no answer within 20 ms',
      'kafka: earlier sends: no answer within 20 ms',
      'sent',
    ]);
    expect(left).toEqual([true, false]);
    expect(await outcomeOf(producer.send(recordsOf(3, 6)))).toBe('sent');
  });

  it('is waited for as long as no broker answers: it ends by itself when one does', async () => {
    let end: () => void = () => undefined;
    const answers = [
      (batch: ProducerBatch) => new Promise<void>((ended) => (end = ended)).then(() => confirming(batch)),
    ];
    const { kafka, made } = producers((batch) => (answers.shift() ?? confirming)(batch));
    const producer = new DeadlineProducer({
      kafka,
      config,
      deadlineMs: 10,
      brokerAnswers: () => Promise.reject(new AllotError('broker_unavailable', 'away')),
    });
    for (let n = 0; n < 6; n += 1) expect(await outcomeOf(producer.send(recordsOf(0, 1)))).not.toBe('sent');
    end();
    expect(await outcomeOf(producer.send(recordsOf(0, 1)))).toBe('sent');
    expect(made()).toBe(1);
  });

  it('tries no more once its client is given up: the client asks for a partition at every try', () => {
    const partitioning = new Partitioning();
    const args: PartitionerArgs = { topic: 't', message: { key: 'k', value: 'v' }, partitionMetadata };
    expect(partitioning.choose(args)).toBe(0);
    partitioning.end();
    expect(() => partitioning.choose(args)).toThrow(expect.objectContaining({ retriable: false }) as Error);
  });
});
