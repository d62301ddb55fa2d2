import kafkajs, { type KafkaConfig as ClientConfig, type SASLOptions, type logLevel } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { Logger } from '../service/ports/logger.ts';

/**
 * Measured on 3.9.2 and 4.x (`docs/adr` and serving.md): only here, on the constructor, do these settings make a
 * consumer come back 1.3 s after a broker that was away for 10 s; with the defaults it crashes with an error that
 * claims not to be retriable, and the producer fails a quarter of its sends.
 */
const retry = { initialRetryTime: 200, maxRetryTime: 1_000 };
const WITHOUT_END = 100_000;

export interface Client {
  readonly kafka: kafkajs.Kafka;
  /** The library's last complaint: what it waits for is not in the errors of calls that ran out of time. */
  lastComplaint(): string;
}

/** @param retries of every step, one inside the other; without end for what must outlast an outage */
export function createClient(config: KafkaConfig, logger: Logger, retries = WITHOUT_END): Client {
  let complaint = '';
  const onError = (text: string): void => void (complaint = text);
  const options: ClientConfig = {
    brokers: [...config.brokers],
    clientId: config.clientId,
    ssl: config.ssl && config.sslCa !== undefined ? { ca: [config.sslCa] } : config.ssl,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { ...retry, retries },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => bridge(logger, onError),
  };
  // A copy: the library writes into it, and the settings are frozen.
  if (config.sasl !== null) options.sasl = { ...config.sasl } as SASLOptions;
  return { kafka: new kafkajs.Kafka(options), lastComplaint: () => complaint };
}

type LogEntry = { level: logLevel; log: { message: string; [field: string]: unknown } };

/** The library logs every retry as an error; none of them needs a person, so warnings are the most it gets. */
function bridge(logger: Logger, onError: (text: string) => void): (entry: LogEntry) => void {
  return ({ level, log: { message, ...fields } }) => {
    const { error, topic, partition, groupId, broker } = fields;
    const kept = { error: typeof error === 'string' ? error : undefined, topic, partition, groupId, broker };
    if (level <= kafkajs.logLevel.ERROR) onError(`${message}: ${kept.error ?? ''}`);
    if (level <= kafkajs.logLevel.ERROR) logger.warn(kept, `kafka: ${message}`);
    else logger.debug(kept, `kafka: ${message}`);
  };
}
