import type { EachBatchPayload } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { GroupState, handleBatch } from '../../src/kafka/batch.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';

const error = (type: string): Error => Object.assign(new Error(type), { type });

/** A batch of one record of a member whose heartbeats fail. */
function payloadOf(heartbeat: Error): { payload: EachBatchPayload; committed: unknown[] } {
  const committed: unknown[] = [];
  const payload = {
    batch: {
      topic: 't',
      partition: 0,
      messages: [{ key: null, value: Buffer.from('x'), offset: '4' }],
      lastOffset: () => '4',
    },
    heartbeat: () => Promise.reject(heartbeat),
    commitOffsetsIfNecessary: (offsets: unknown) => Promise.resolve(void committed.push(offsets)),
    resolveOffset: () => undefined,
    isRunning: () => true,
    isStale: () => false,
  };
  return { payload: payload as unknown as EachBatchPayload, committed };
}

const contextOf = (group: GroupState) => ({
  handler: async (_records: unknown, { heartbeat }: { heartbeat(): Promise<void> }) => heartbeat(),
  logger: silentLogger,
  group,
  isStopping: () => false,
});

describe('a batch whose heartbeat fails', () => {
  it('is handed back with the very error, be the coordinator away or the member out: only the client can look for another', async () => {
    for (const type of ['ECONNREFUSED', 'NOT_COORDINATOR_FOR_GROUP', 'UNKNOWN_MEMBER_ID']) {
      const heartbeat = error(type);
      const { payload, committed } = payloadOf(heartbeat);
      await expect(handleBatch(payload, contextOf(new GroupState()))).rejects.toBe(heartbeat);
      expect(committed).toEqual([]);
    }
  });

  it('lets nothing more be begun when the member is out of its group, until it has joined again', async () => {
    const group = new GroupState();
    const { payload } = payloadOf(error('REBALANCE_IN_PROGRESS'));
    await expect(handleBatch(payload, contextOf(group))).rejects.toThrow();
    let begun = 0;
    const next = { ...contextOf(group), handler: () => Promise.resolve(void (begun += 1)) };
    const calm = { ...payload, heartbeat: () => Promise.resolve() };
    await expect(handleBatch(calm, next)).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS' });
    expect(begun).toBe(0);
    group.clear();
    await handleBatch(calm, next);
    expect(begun).toBe(1);
  });

  it('and whose coordinator alone is away leaves the member in its group', async () => {
    const group = new GroupState();
    await expect(handleBatch(payloadOf(error('ECONNREFUSED')).payload, contextOf(group))).rejects.toThrow();
    expect(group.isOut).toBe(false);
  });
});
