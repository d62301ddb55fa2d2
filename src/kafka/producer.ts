import { type Kafka, type Producer } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { RawRecord } from '../service/ports/event-log.ts';
import { AllotError } from '../core/errors.ts';
import { type Confirmation, Partitioning, type SentTopic } from './confirmation.ts';
import { within } from './deadline.ts';

export const SEND_DEADLINE_MS = 10_000;
const DISCONNECT_DEADLINE_MS = 5_000;
/** A batch of one partition must stay below the broker's 1 MiB; so do all records of one send together. */
const SEND_BYTES = 512 * 1024;
const ALL_REPLICAS = -1;

/**
 * Sends with acks = all and a deadline. The client goes on trying a send that missed it and it may still land, so
 * the next call first waits for those: during an outage at most one batch per caller is in the air.
 */
export class DeadlineProducer {
  readonly #config: KafkaConfig;
  readonly #deadlineMs: number;
  readonly #producer: Producer;
  readonly #partitioning = new Partitioning();
  readonly #late = new Set<Promise<unknown>>();
  #connected: Promise<void> | null = null;

  constructor(kafka: Kafka, config: KafkaConfig, deadlineMs: number) {
    this.#config = config;
    this.#deadlineMs = deadlineMs;
    // Not idempotent: half the speed, and ingest removes repeats anyway.
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: () => this.#partitioning.choose,
    });
  }

  async send(records: readonly RawRecord[]): Promise<void> {
    await within(this.#deadlineMs, 'earlier sends', Promise.allSettled(this.#late));
    for (const chunk of chunksOf(records)) await this.#sendChunk(chunk);
  }

  async #sendChunk(records: readonly RawRecord[]): Promise<void> {
    const decisions = records.filter(({ value }) => isDecision(value));
    const feedback = records.filter(({ value }) => !isDecision(value));
    const topicMessages = [
      { topic: this.#config.decisionsTopic, messages: decisions.map(toMessage) },
      { topic: this.#config.feedbackTopic, messages: feedback.map(toMessage) },
    ].filter(({ messages }) => messages.length > 0);
    const sending = this.#connect().then(() => this.#sendConfirmed(topicMessages));
    this.#late.add(sending);
    const settle = (): unknown => this.#late.delete(sending);
    sending.then(settle, settle);
    await within(this.#deadlineMs, 'send', sending);
  }

  /**
   * The client resolves a send although it has dropped records: when a leader dies in the middle and its partitions move to a broker
   * that has answered already, its next try leaves that broker out. So every partition must be in the answer.
   */
  async #sendConfirmed(topicMessages: SentTopic[]): Promise<void> {
    const answer: readonly Confirmation[] = await this.#producer.sendBatch({
      acks: ALL_REPLICAS,
      topicMessages,
    });
    const missing = this.#partitioning.unconfirmed(topicMessages, answer);
    if (missing.length > 0)
      throw new AllotError('broker_unavailable', `kafka: send: not confirmed for ${missing.join(', ')}`);
  }

  #connect(): Promise<void> {
    this.#connected ??= this.#producer.connect().catch((error: unknown) => {
      this.#connected = null;
      throw error;
    });
    return this.#connected;
  }

  async close(): Promise<void> {
    await within(DISCONNECT_DEADLINE_MS, 'disconnect', this.#producer.disconnect()).catch(() => undefined);
  }
}

const toMessage = ({ key, value }: RawRecord): { key: string; value: Buffer } => ({
  key,
  value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
});

function* chunksOf(records: readonly RawRecord[]): Generator<readonly RawRecord[]> {
  let from = 0;
  let bytes = 0;
  for (let n = 0; n < records.length; n += 1) {
    const size = records[n].value.length + records[n].key.length * 3;
    if (n > from && bytes + size > SEND_BYTES) {
      yield records.slice(from, n);
      from = n;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < records.length) yield records.slice(from);
}

const ownDecision = Buffer.from('{"v":1,"kind":"decision"');
const ownFeedback = [Buffer.from('{"v":1,"kind":"exposure"'), Buffer.from('{"v":1,"kind":"interaction"')];

/** Our own records tell by their first bytes; others by their JSON. What is neither goes with feedback, to ingest. */
function isDecision(value: Uint8Array): boolean {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const startsWith = (prefix: Buffer): boolean => bytes.subarray(0, prefix.length).equals(prefix);
  if (startsWith(ownDecision)) return true;
  if (ownFeedback.some(startsWith)) return false;
  try {
    return (JSON.parse(bytes.toString()) as { kind?: unknown } | null)?.kind === 'decision';
  } catch {
    return false;
  }
}
