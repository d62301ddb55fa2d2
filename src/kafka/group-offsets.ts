import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import { AllotError } from '../core/errors.ts';
import { type Logger, silentLogger } from '../service/ports/logger.ts';
import { ClusterAdmin, adminClient } from './admin.ts';
import { topicsOf } from './topics.ts';

/** Where ingest goes on in one partition: `offset` is that of the next record, as a decimal number. */
export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** The client sets them as a member of the group, which a broker lets join after seconds. */
const WRITE_DEADLINE_MS = 60_000;

/**
 * Where the group of ingest (`config.groupId`) stands, on both topics. A partition from which nothing has been committed
 * is not in the answer. Ingest commits after PostgreSQL, so every record before these offsets is in a backup of the
 * database that is begun *after* this call; some records behind them may be in it as well, which does no harm.
 *
 * Refuses with `broker_unavailable` when the broker does not answer or a topic is missing.
 */
export async function readGroupOffsets(
  config: KafkaConfig,
  logger: Logger = silentLogger,
): Promise<readonly GroupOffset[]> {
  return await withAdmin(config, logger, (cluster) =>
    cluster.ask('offsets of the group', (admin) => committedOffsets(admin, config)),
  );
}

/**
 * Sets the group back (or forward) to `offsets`, for a database that was restored: ingest then reads again what came after
 * the backup, as far as the broker still has it. Partitions that are not named begin at their oldest record, for when the
 * offsets were read nothing had been stored from them. An offset that the broker no longer has, or does not have yet, makes
 * ingest begin at the oldest record too. What is read twice has no effect in PostgreSQL.
 *
 * Refuses, changing nothing, with `state_conflict` while the group has members (stop every ingest first) and with
 * `invalid_request` for an offset of a partition that does not exist or belongs to another topic; with
 * `broker_unavailable` when the broker does not answer: then some partitions may be set, and it can be called again.
 */
export async function writeGroupOffsets(
  config: KafkaConfig,
  offsets: readonly GroupOffset[],
  logger: Logger = silentLogger,
): Promise<void> {
  await withAdmin(config, logger, async (cluster) => {
    await cluster.ask('members of the group', (admin) => refuseMembers(admin, config.groupId));
    const compare = (): Promise<Changes> =>
      cluster.ask('compare offsets', (admin) => changesTo(admin, config, offsets));
    const changes = await compare();
    await cluster.ask('set offsets', async (admin) => {
      for (const [topic, partitions] of changes)
        await admin.setOffsets({ groupId: config.groupId, topic, partitions });
    });
    // The client reports as set what a broker has refused, or what a member has moved since.
    const [left] = await compare();
    if (left === undefined) return;
    throw new AllotError(
      'state_conflict',
      `kafka: the offsets of ${left[0]} are not as they were set: does an ingest run?`,
    );
  });
}

async function withAdmin<T>(
  config: KafkaConfig,
  logger: Logger,
  use: (cluster: ClusterAdmin) => Promise<T>,
): Promise<T> {
  const cluster = new ClusterAdmin(config, adminClient(config, logger), WRITE_DEADLINE_MS);
  try {
    return await use(cluster);
  } finally {
    await cluster.close();
  }
}

async function committedOffsets(admin: Admin, config: KafkaConfig): Promise<readonly GroupOffset[]> {
  const found = await admin.fetchOffsets({ groupId: config.groupId, topics: topicsOf(config) });
  return found
    .flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({ topic, partition, offset })),
    )
    .filter(({ offset }) => BigInt(offset) >= 0n)
    .sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
}

async function refuseMembers(admin: Admin, groupId: string): Promise<void> {
  const { groups } = await admin.describeGroups([groupId]);
  const { state, members } = groups[0];
  if (['Empty', 'Dead'].includes(state)) return;
  throw new AllotError(
    'state_conflict',
    `kafka: the group ${groupId} has ${String(members.length)} members (${state}): stop every ingest first; one that was killed is a member for some seconds more`,
  );
}

type Changes = ReadonlyMap<string, { partition: number; offset: string }[]>;

/** By topic, the partitions that do not stand where they shall. */
async function changesTo(
  admin: Admin,
  config: KafkaConfig,
  offsets: readonly GroupOffset[],
): Promise<Changes> {
  const wanted = new Map(offsets.map((one) => [keyOf(one), one.offset]));
  const now = new Map((await committedOffsets(admin, config)).map((one) => [keyOf(one), one.offset]));
  const changes = new Map<string, { partition: number; offset: string }[]>();
  for (const topic of topicsOf(config)) {
    for (const { partition, low } of await admin.fetchTopicOffsets(topic)) {
      const key = keyOf({ topic, partition });
      const offset = wanted.get(key) ?? low;
      wanted.delete(key);
      // Where nothing is committed a member begins at the oldest record.
      if ((now.get(key) ?? low) === offset) continue;
      changes.set(topic, [...(changes.get(topic) ?? []), { partition, offset }]);
    }
  }
  if (wanted.size === 0) return changes;
  throw new AllotError('invalid_request', `kafka: there is no partition ${[...wanted.keys()].join(', ')}`);
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }): string =>
  `${topic}/${String(partition)}`;
