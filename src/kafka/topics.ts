import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { Logger } from '../service/ports/logger.ts';

/** A record may be as large as the journal's largest, or one event would block the forwarder for ever. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

export const topicsOf = (config: KafkaConfig): string[] => [config.decisionsTopic, config.feedbackTopic];

/**
 * Creates the topics that are missing. Existing ones are left as they are: more partitions would move a unit's key
 * to another partition, which is for a person to decide.
 */
export async function createTopics(
  admin: Admin,
  config: KafkaConfig,
  partitions: number,
  logger: Logger,
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = topicsOf(config).filter((topic) => !existing.has(topic));
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map((topic) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: -1,
        configEntries: [{ name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) }],
      })),
    });
    logger.info({ topics: missing, partitions }, 'kafka: topics created');
  }
  const { topics } = await admin.fetchTopicMetadata({ topics: topicsOf(config) });
  for (const { name, partitions: found } of topics) {
    if (found.length === partitions) continue;
    logger.warn({ topic: name, partitions: found.length, declared: partitions }, 'kafka: partitions differ');
  }
}

export type Assignment = Readonly<Record<string, readonly number[]>>;

/** Records that the group has not committed: of the given partitions, or of all. */
export async function groupLag(admin: Admin, config: KafkaConfig, only: Assignment | null): Promise<number> {
  const topics = topicsOf(config);
  const committed = await admin.fetchOffsets({ groupId: config.groupId, topics });
  let lag = 0;
  for (const { topic, partitions } of committed) {
    const offsets = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (only !== null && !(only[topic] ?? []).includes(partition)) continue;
      // −1: nothing committed yet, the group begins at the oldest record there is.
      lag += Number(high) - Math.max(Number(low), offsets.get(partition) ?? -1);
    }
  }
  return lag;
}
