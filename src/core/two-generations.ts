export interface GenerationLimits {
  /** Keys. */
  readonly entries: number;
  /** By `sizeOf`. Default: no limit. */
  readonly bytes?: number;
  /** What is older may be forgotten. Default: nothing ages. */
  readonly milliseconds?: number;
}

interface Generation<V> {
  readonly values: Map<string, V>;
  bytes: number;
  /** Of its first and its last entry. */
  since: number;
  until: number;
}

/**
 * A bounded map that forgets the oldest: entries live in a young and an old generation, and when the young one is at a limit,
 * the old one is dropped whole. So it holds the last `entries` to 2 × `entries` keys, or fewer where they are large: each
 * generation has at most `bytes`, or one value that is larger. Constant cost, no list of ages: what has aged is freed with the
 * next entry, not by a timer.
 */
export class TwoGenerations<V> {
  readonly #limits: Required<GenerationLimits>;
  readonly #sizeOf: (key: string, value: V) => number;
  #young: Generation<V> = begun();
  #old: Generation<V> = begun();

  /** @param sizeOf of an entry; its value must not change while it is here */
  constructor(limits: GenerationLimits, sizeOf: (key: string, value: V) => number = () => 0) {
    this.#limits = { bytes: Infinity, milliseconds: Infinity, ...limits };
    this.#sizeOf = sizeOf;
  }

  get(key: string): V | undefined {
    return this.#young.values.get(key) ?? this.#old.values.get(key);
  }

  /** @param now milliseconds; only where entries age */
  set(key: string, value: V, now = 0): void {
    const bytes = this.#sizeOf(key, value);
    if (!this.#hasRoom(bytes, now)) {
      const isAged = now - this.#young.until > this.#limits.milliseconds;
      this.#old = isAged ? begun() : this.#young;
      this.#young = begun();
    }
    const young = this.#young;
    const before = young.values.get(key);
    if (before !== undefined) young.bytes -= this.#sizeOf(key, before);
    if (young.values.size === 0) young.since = now;
    young.until = now;
    young.bytes += bytes;
    young.values.set(key, value);
  }

  #hasRoom(added: number, now: number): boolean {
    const { values, bytes, since } = this.#young;
    const limits = this.#limits;
    if (values.size === 0) return true;
    return (
      values.size < limits.entries && bytes + added <= limits.bytes && now - since <= limits.milliseconds
    );
  }

  get size(): number {
    return this.#young.values.size + this.#old.values.size;
  }

  /** By `sizeOf`. */
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }
}

const begun = <V>(): Generation<V> => ({ values: new Map(), bytes: 0, since: 0, until: 0 });
