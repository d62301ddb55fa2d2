import { connect } from 'node:net';
import type { KafkaConfig } from '../../config/config.ts';
import type { TopicDifference } from '../../kafka/topics.ts';
import { silentLogger } from '../../service/ports/logger.ts';
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts';

/** What `allot topics` declares when it is told nothing; the numbers may differ, the topics must be there. */
const DECLARATION = { partitions: 6, retentionMs: 168 * 3_600_000 };

/** Is each broker reachable, and does the real client get in (TLS, SASL) and find the topics? */
export async function checkBrokers(kafka: KafkaConfig | null): Promise<Finding> {
  if (kafka === null) return ok('brokers', 'none: the journal feeds ingest');
  const reachable = await Promise.all(kafka.brokers.map(answers));
  const unreachable = kafka.brokers.filter((_, i) => !reachable[i]);
  const away = `no answer from ${unreachable.join(', ')}`;
  const advice = 'check KAFKA_BROKERS and the network; events wait in the journal until a broker answers';
  if (unreachable.length === kafka.brokers.length) return failure('brokers', away, advice);
  const topics = await checkTopics(kafka);
  if (topics.state === 'ok' && unreachable.length > 0) return warning('brokers', away, advice);
  return topics;
}

async function checkTopics(kafka: KafkaConfig): Promise<Finding> {
  try {
    const missing = (await differences(kafka)).filter(({ found }) => found === null);
    const names = [...new Set(missing.map(({ topic }) => topic))];
    return names.length === 0
      ? ok('brokers', `${kafka.brokers.join(', ')}: logged in, the topics are there`)
      : failure('brokers', `missing topics: ${names.join(', ')}`, 'run `allot topics apply`');
  } catch (error) {
    const advice =
      'check KAFKA_SSL, KAFKA_SSL_CA, KAFKA_SASL_* and the rights of that user; the port itself answers';
    return failure('brokers', `the client does not get in: ${reasonOf(error)}`, advice);
  }
}

async function differences(kafka: KafkaConfig): Promise<readonly TopicDifference[]> {
  const { createKafkaEventLog } = await import('../../kafka/event-log.ts');
  const log = createKafkaEventLog(kafka, silentLogger);
  try {
    return await log.checkTopics(DECLARATION);
  } finally {
    await log.close();
  }
}

function answers(broker: string): Promise<boolean> {
  const [host = '', port = '0'] = broker.split(/:(?=\d+$)/);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 3000 });
    const end = (isReachable: boolean): void => {
      socket.destroy();
      resolve(isReachable);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
