import { describe, expect, it } from 'vitest';
import { Partitioning } from '../../src/kafka/confirmation.ts';

const partitionMetadata = [0, 1, 2, 3].map((partitionId) => ({
  partitionId,
  leader: 1,
  partitionErrorCode: 0,
  replicas: [1],
  isr: [1],
}));
const messageOf = (n: number) => ({ key: `unit-${String(n)}`, value: Buffer.from('{}') });

describe('what the broker confirms', () => {
  const partitioning = new Partitioning();
  const messages = Array.from({ length: 40 }, (_, n) => messageOf(n));
  const sent = [{ topic: 'decisions', messages }];
  const chosen = messages.map((message) =>
    partitioning.choose({ topic: 'decisions', partitionMetadata, message }),
  );
  const all = [0, 1, 2, 3].map((partition) => ({ topicName: 'decisions', partition, errorCode: 0 }));

  it('is everything when each partition that a message is for has answered', () => {
    expect(new Set(chosen)).toEqual(new Set([0, 1, 2, 3]));
    expect(partitioning.unconfirmed(sent, all)).toEqual([]);
  });

  it('is not a partition that is left out, nor one with an error', () => {
    expect(partitioning.unconfirmed(sent, all.slice(1))).toEqual(['decisions/0']);
    const failed = all.map((one) => (one.partition === 2 ? { ...one, errorCode: 7 } : one));
    expect(partitioning.unconfirmed(sent, failed)).toEqual(['decisions/2']);
  });

  it('is not a partition of another topic', () => {
    const other = all.map((one) => ({ ...one, topicName: 'feedback' }));
    expect(partitioning.unconfirmed(sent, other)).toHaveLength(4);
  });

  it('is not a message that was never given to a partition', () => {
    const stray = [{ topic: 'decisions', messages: [messageOf(99)] }];
    expect(partitioning.unconfirmed(stray, all)).toEqual(['decisions/unknown']);
  });
});
