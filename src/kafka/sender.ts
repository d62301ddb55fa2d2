import type { Kafka, Producer } from 'kafkajs';
import { AllotError } from '../core/errors.ts';
import { type Confirmation, Partitioning, type SentTopic } from './confirmation.ts';

const ALL_REPLICAS = -1;

/** One producer of the client, from its connection to its end. */
export class Sender {
  readonly #producer: Producer;
  readonly #partitioning = new Partitioning();
  #connected: Promise<void> | null = null;

  constructor(kafka: Pick<Kafka, 'producer'>) {
    // Not idempotent: half the speed, and ingest removes repeats anyway.
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: () => this.#partitioning.choose,
    });
  }

  /**
   * Resolves when every partition has confirmed: the client resolves a send although it has dropped records, when a leader dies in
   * the middle and its partitions move to a broker that has answered already. Rejects with `body_too_large` when a topic takes no
   * record of that size.
   */
  async send(topicMessages: SentTopic[]): Promise<void> {
    await this.#connect();
    const answer = await this.#sendBatch(topicMessages);
    const missing = this.#partitioning.unconfirmed(topicMessages, answer);
    if (missing.length > 0)
      throw new AllotError('broker_unavailable', `kafka: send: not confirmed for ${missing.join(', ')}`);
  }

  async #sendBatch(topicMessages: SentTopic[]): Promise<readonly Confirmation[]> {
    try {
      return await this.#producer.sendBatch({ acks: ALL_REPLICAS, topicMessages });
    } catch (error) {
      if (!tooLarge.has(String((error as { type?: unknown }).type))) throw error;
      const message = 'kafka: send: a record is larger than its topic takes (max.message.bytes)';
      throw new AllotError('body_too_large', message, { cause: error });
    }
  }

  #connect(): Promise<void> {
    this.#connected ??= this.#producer.connect().catch((error: unknown) => {
      this.#connected = null;
      throw error;
    });
    return this.#connected;
  }

  /** What it still tries ends with the next try, or it would go on beside its successor. */
  async giveUp(): Promise<void> {
    this.#partitioning.end();
    await this.#producer.disconnect().catch(() => undefined);
  }
}

const tooLarge: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
