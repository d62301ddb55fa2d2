import type { Consumer } from 'kafkajs';
import type { Waiting } from './standstill.ts';
import type { Assignment, Leader } from './topics.ts';

/** An answer to a fetch of one partition is at most 66 bytes and the topic's name; a batch without a record adds 61. */
const BATCH_ANSWER_BYTES = 100;
const STEP_FOR_MS = 30_000;
/** So many answers without anything: the broker has nothing to give there now, an open transaction for one. */
const NOTHING_TIMES = 5;

export interface GapStep {
  /** `past`: records came. `end`: there was nothing up to the end. `nothing`: the broker sent nothing, which is no gap. */
  readonly outcome: 'past' | 'end' | 'nothing' | 'late';
  /** Before this offset nothing is left that could be read. */
  readonly offset: bigint;
}

/**
 * Seeks past a batch that holds no record (compaction leaves such), at which the client would fetch the same answer for
 * ever. One offset at a time, and only after the broker has sent a batch for that offset in which no record was: a larger
 * step, or one on a failed fetch, could pass over records. Other partitions pause meanwhile, and only answers of this
 * partition's leader to requests that left after the last seek count, so that every answer is about this offset.
 */
export async function stepPastGap(
  consumer: Consumer,
  { topic, partition, committed, high }: Waiting,
  assignment: Assignment,
  leader: Leader,
): Promise<GapStep> {
  const others = Object.entries(assignment).map(([name, partitions]) => ({
    topic: name,
    partitions: partitions.filter((one) => name !== topic || one !== partition),
  }));
  let offset = committed;
  let isDecoded = false;
  let answer: 'none' | 'empty batch' | 'nothing' | 'records' = 'none';
  let nothings = 0;
  let hasBegun = false;
  let hasEnded = false;
  let soughtAt = 0;
  consumer.pause(others);
  const offs: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<GapStep>((resolve) => {
      const finish = (outcome: GapStep['outcome']): void => resolve({ outcome, offset });
      timer = setTimeout(() => finish('late'), STEP_FOR_MS).unref();
      const { REQUEST, START_BATCH_PROCESS, FETCH_START, FETCH, GROUP_JOIN, STOP, CRASH } = consumer.events;
      offs.push(
        consumer.on(REQUEST, ({ payload: { apiName, size, broker, sentAt } }) => {
          if (apiName !== 'Fetch' || broker !== leader.address || sentAt < soughtAt) return;
          answer = size - Buffer.byteLength(topic) >= BATCH_ANSWER_BYTES ? 'empty batch' : 'nothing';
        }),
        consumer.on(START_BATCH_PROCESS, ({ payload }) => {
          if (payload.topic === topic && payload.partition === partition) answer = 'records';
        }),
        // Told only when the answer could be decoded: of a damaged batch nobody knows which records it holds.
        consumer.on(FETCH, ({ payload }) => {
          if (nodeOf(payload) === leader.nodeId) isDecoded = true;
        }),
        consumer.on(GROUP_JOIN, () => finish('late')),
        ...[STOP, CRASH].map((name) =>
          consumer.on(name, () => {
            hasEnded = true;
            finish('late');
          }),
        ),
        // Whatever the last fetch of this node has brought is handled when its next one begins.
        consumer.on(FETCH_START, ({ payload }) => {
          if (nodeOf(payload) !== leader.nodeId) return;
          if (answer === 'empty batch' && !isDecoded) answer = 'none';
          if (hasBegun && answer === 'records') return finish('past');
          if (hasBegun && answer === 'nothing' && (nothings += 1) >= NOTHING_TIMES) return finish('nothing');
          if (hasBegun && answer === 'empty batch') offset += 1n;
          if (offset >= high) return finish('end');
          if (!hasBegun || answer === 'empty batch') {
            soughtAt = Date.now();
            consumer.seek({ topic, partition, offset: String(offset) });
          }
          hasBegun = true;
          isDecoded = false;
          answer = 'none';
        }),
      );
    });
  } finally {
    clearTimeout(timer);
    for (const off of offs) off();
    if (!hasEnded) consumer.resume(others);
  }
}

const nodeOf = (payload: object): number => Number((payload as { nodeId?: unknown }).nodeId);
