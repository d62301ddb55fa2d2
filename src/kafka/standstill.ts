/** A partition with records that the group has not committed. */
export interface Waiting {
  readonly topic: string;
  readonly partition: number;
  /** Where the group goes on. */
  readonly committed: bigint;
  /** The offset after the last record. */
  readonly high: bigint;
}

export type Verdict =
  | { readonly kind: 'moving' }
  /** First aid: a member that is started again reads on in every case but one. */
  | { readonly kind: 'restart'; readonly stuck: readonly Waiting[] }
  /** The same offset after a restart: what stands there is no record that the client can give. */
  | { readonly kind: 'gap'; readonly stuck: readonly Waiting[] };

interface Seen {
  readonly committed: bigint;
  readonly idleMs: number;
}

/**
 * Tells a standstill from slow work. States of a partition: moving → stuck (restart) → stuck at the same offset (gap), and
 * back to moving whenever its offset moves. The clock is the time in which the member had nothing in hand, so neither a
 * slow database nor the turn of other partitions counts.
 */
export class Standstill {
  readonly #stallMs: number;
  readonly #seen = new Map<string, Seen>();
  /** Kept over restarts, also while another member has the partition: else two members would pass it on for ever. */
  readonly #restartedAt = new Map<string, bigint>();

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** The clock begins again: after a join, and after an outage, in which nothing could move. */
  reset(): void {
    this.#seen.clear();
  }

  /** @param idleMs all the time so far in which nothing was in hand */
  look(waiting: readonly Waiting[], idleMs: number): Verdict {
    const stuck = waiting.filter((one) => idleMs - this.#since(one, idleMs) >= this.#stallMs);
    const present = new Set(waiting.map(keyOf));
    for (const key of this.#seen.keys()) if (!present.has(key)) this.#seen.delete(key);
    const gaps = stuck.filter((one) => this.#restartedAt.get(keyOf(one)) === one.committed);
    if (gaps.length > 0) return { kind: 'gap', stuck: gaps };
    if (stuck.length === 0) return { kind: 'moving' };
    for (const one of stuck) this.#restartedAt.set(keyOf(one), one.committed);
    return { kind: 'restart', stuck };
  }

  #since(one: Waiting, idleMs: number): number {
    const seen = this.#seen.get(keyOf(one));
    if (seen?.committed === one.committed) return seen.idleMs;
    this.#seen.set(keyOf(one), { committed: one.committed, idleMs });
    return idleMs;
  }
}

const keyOf = ({ topic, partition }: Waiting): string => `${topic}/${String(partition)}`;

/** Sums up the time in which nothing is in hand. */
export class IdleClock {
  #inHand = 0;
  #idleMs = 0;
  #idleSince: number;

  constructor(now: number) {
    this.#idleSince = now;
  }

  begin(now: number): void {
    if (this.#inHand === 0) this.#idleMs += now - this.#idleSince;
    this.#inHand += 1;
  }

  end(now: number): void {
    this.#inHand -= 1;
    if (this.#inHand === 0) this.#idleSince = now;
  }

  idleMs(now: number): number {
    return this.#inHand > 0 ? this.#idleMs : this.#idleMs + now - this.#idleSince;
  }
}
