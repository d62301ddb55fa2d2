import type { Command } from 'commander';
import type { KafkaConfig } from '../../config/config.ts';
import { readConfig } from '../../config/env.ts';
import { AllotError } from '../../core/errors.ts';
import type { KafkaEventLog } from '../../kafka/event-log.ts';
import type { TopicDeclaration, TopicDifference } from '../../kafka/topics.ts';
import { createLogger } from '../../observability/logger.ts';
import { note, print, printJson, table } from '../output.ts';
import { exitCodes } from '../exit-codes.ts';
import { positiveInteger } from '../parse-numbers.ts';

export function register(program: Command): void {
  const topics = program
    .command('topics')
    .description('the Kafka topics: partitions, retention, message size')
    .addHelpText(
      'after',
      `
Needs KAFKA_BROKERS. Partitions are added, never taken away. Exit code 1 when something differs (after \`apply\`: that
cannot be changed).

Examples:
  allot topics check
  allot topics apply --partitions 12 --retention-hours 336`,
    );
  for (const [name, description] of [
    ['check', 'compare the topics with what is declared'],
    ['apply', 'create, set and grow the topics as declared'],
  ] as const) {
    topics
      .command(name)
      .description(description)
      .option('--partitions <n>', 'of each topic', positiveInteger, 6)
      .option('--retention-hours <n>', 'how long the broker keeps a record', positiveInteger, 168)
      .option('--json', 'one object on standard output')
      .action((options: TopicOptions) => run(name, options));
  }
}

interface TopicOptions {
  readonly partitions: number;
  readonly retentionHours: number;
  readonly json?: boolean;
}

async function run(name: 'check' | 'apply', options: TopicOptions): Promise<void> {
  const config = readConfig();
  if (config.kafka === null)
    throw new AllotError('config_invalid', 'KAFKA_BROKERS: there is no broker to ask');
  const declaration = {
    partitions: options.partitions,
    retentionMs: options.retentionHours * 3_600_000,
  };
  const differences = await withKafka(config.kafka, (kafka) => ask(kafka, name, declaration));
  if (options.json === true) printJson({ declaration, differences });
  else report(differences);
  if (differences.length > 0) process.exitCode = exitCodes.failure;
}

const ask = (
  kafka: KafkaEventLog,
  name: 'check' | 'apply',
  declaration: TopicDeclaration,
): Promise<readonly TopicDifference[]> =>
  name === 'apply' ? kafka.applyTopics(declaration) : kafka.checkTopics(declaration);

async function withKafka<T>(config: KafkaConfig, use: (kafka: KafkaEventLog) => Promise<T>): Promise<T> {
  const { createKafkaEventLog } = await import('../../kafka/event-log.ts');
  const kafka = createKafkaEventLog(config, createLogger('error'));
  try {
    return await use(kafka);
  } finally {
    await kafka.close();
  }
}

function report(differences: readonly TopicDifference[]): void {
  if (differences.length === 0) {
    note('the topics are as declared');
    return;
  }
  const rows = differences.map(({ topic, setting, declared, found }) => [
    topic,
    setting,
    String(declared),
    found === null ? 'missing' : String(found),
  ]);
  print(table(['topic', 'setting', 'declared', 'found'], rows));
}
