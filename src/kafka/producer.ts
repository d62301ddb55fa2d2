import type { Kafka } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { RawRecord } from '../service/ports/event-log.ts';
import type { SentTopic } from './confirmation.ts';
import { within } from './deadline.ts';
import { Sender } from './sender.ts';

export const SEND_DEADLINE_MS = 10_000;
const DISCONNECT_DEADLINE_MS = 5_000;
/** A batch of one partition must stay below the broker's 1 MiB; so do all records of one send together. */
const SEND_BYTES = 512 * 1024;
/** So many deadlines without an end of a send, while the broker answers, and its client is given up. */
const RENEW_AFTER = 3;

export interface ProducerOptions {
  readonly kafka: Pick<Kafka, 'producer'>;
  readonly config: KafkaConfig;
  readonly deadlineMs: number;
  /** Resolves when the broker answers, rejects when it does not. */
  brokerAnswers(): Promise<unknown>;
}

/**
 * Sends with acks = all and a deadline. The client goes on trying a send that missed it and it may still land, so
 * the next call first waits for those: during an outage at most one batch per caller is in the air.
 */
export class DeadlineProducer {
  readonly #options: ProducerOptions;
  readonly #late = new Set<Promise<unknown>>();
  #sender: Sender;
  #missed = 0;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#sender = new Sender(options.kafka);
  }

  async send(records: readonly RawRecord[]): Promise<void> {
    await this.#endOfEarlier();
    for (const chunk of chunksOf(records)) await this.#sendChunk(chunk);
  }

  /** The client has been seen to lose a promise for good: then nothing would ever be sent again. */
  async #endOfEarlier(): Promise<void> {
    const sender = this.#sender;
    try {
      await within(this.#options.deadlineMs, 'earlier sends', Promise.allSettled(this.#late));
      this.#missed = 0;
    } catch (error) {
      this.#missed += 1;
      if (this.#missed < RENEW_AFTER) throw error;
      // Where nobody answers, the send ends by itself when somebody does.
      await this.#options.brokerAnswers();
      if (this.#sender === sender) this.#renew();
    }
  }

  #renew(): void {
    const old = this.#sender;
    this.#sender = new Sender(this.#options.kafka);
    this.#late.clear();
    this.#missed = 0;
    void old.giveUp();
  }

  async #sendChunk(records: readonly RawRecord[]): Promise<void> {
    const { config, deadlineMs } = this.#options;
    const decisions = records.filter(({ value }) => isDecision(value));
    const feedback = records.filter(({ value }) => !isDecision(value));
    const topics: SentTopic[] = [
      { topic: config.decisionsTopic, messages: decisions.map(toMessage) },
      { topic: config.feedbackTopic, messages: feedback.map(toMessage) },
    ].filter(({ messages }) => messages.length > 0);
    const sending = this.#sender.send(topics);
    this.#late.add(sending);
    const settle = (): unknown => this.#late.delete(sending);
    sending.then(settle, settle);
    await within(deadlineMs, 'send', sending);
  }

  async close(): Promise<void> {
    await within(DISCONNECT_DEADLINE_MS, 'disconnect', this.#sender.giveUp()).catch(() => undefined);
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
