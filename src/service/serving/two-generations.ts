/**
 * A bounded map that forgets the oldest: entries live in a young and an old generation, and when the young one is
 * full the old one is dropped whole. So it holds the last `capacity` to 2 × `capacity` keys, at constant cost and
 * without a list of ages.
 */
export class TwoGenerations<V> {
  readonly #capacity: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#capacity && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
