import type { DecisionEvent } from '../core/feedback/events.ts';

/**
 * The last decisions of this process, for a read right after the write. Two generations instead of one evicting map:
 * between `limit` and 2 × `limit` decisions are kept and nothing is ever deleted one by one.
 */
export class RecentDecisions {
  readonly #limit: number;
  #current = new Map<string, DecisionEvent>();
  #previous = new Map<string, DecisionEvent>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(decision: DecisionEvent): void {
    if (this.#current.size >= this.#limit) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#current.set(decision.decisionId, decision);
  }

  find(decisionId: string): DecisionEvent | undefined {
    return this.#current.get(decisionId) ?? this.#previous.get(decisionId);
  }
}
