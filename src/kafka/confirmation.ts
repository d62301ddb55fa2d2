import kafkajs, { type PartitionerArgs } from 'kafkajs';

export interface SentTopic {
  readonly topic: string;
  readonly messages: { readonly key: string; readonly value: Buffer }[];
}

/** One partition of the broker's answer. */
export interface Confirmation {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: number;
}

/** The client's own partitioner, and what it chose for each message: so that an answer can be held against what was sent. */
export class Partitioning {
  readonly #inner = kafkajs.Partitioners.DefaultPartitioner();
  readonly #chosen = new WeakMap<object, number>();

  #hasEnded = false;

  /** The client asks at every try: from now on its tries end with an error that it does not try again for. */
  end(): void {
    this.#hasEnded = true;
  }

  readonly choose = (args: PartitionerArgs): number => {
    if (this.#hasEnded) throw Object.assign(new Error('this producer was given up'), { retriable: false });
    const partition = this.#inner(args);
    this.#chosen.set(args.message, partition);
    return partition;
  };

  /** Partitions, as `topic/number`, that some message was for and that the answer does not confirm. */
  unconfirmed(sent: readonly SentTopic[], answer: readonly Confirmation[]): readonly string[] {
    const confirmed = new Set(
      answer
        .filter(({ errorCode }) => errorCode === 0)
        .map(({ topicName, partition }) => `${topicName}/${String(partition)}`),
    );
    const expected = sent.flatMap(({ topic, messages }) =>
      messages.map((message) => `${topic}/${String(this.#chosen.get(message) ?? 'unknown')}`),
    );
    return [...new Set(expected)].filter((partition) => !confirmed.has(partition));
  }
}
