import type { DecisionEvent } from '../core/feedback/events.ts';

/**
 * The last decisions of this process, for a read right after the write. Two generations instead of one evicting map:
 * between `limit` and 2 × `limit` decisions are kept and nothing is ever deleted one by one. Kept as their JSON, because
 * objects that live for a while are what the garbage collector has to copy.
 */
export class RecentDecisions {
  readonly #limit: number;
  #current = new Map<string, string>();
  #previous = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(decisionId: string, text: string): void {
    if (this.#current.size >= this.#limit) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#current.set(decisionId, text);
  }

  find(decisionId: string): DecisionEvent | undefined {
    const text = this.#current.get(decisionId) ?? this.#previous.get(decisionId);
    return text === undefined ? undefined : (JSON.parse(text) as DecisionEvent);
  }
}
