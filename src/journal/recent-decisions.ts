import type { DecisionEvent } from '../core/feedback/events.ts';
import { TwoGenerations } from '../core/two-generations.ts';

/** Of the last decisions (up to twice that), and in memory; two bytes a character. */
const RECENT = { entries: 4_096, bytes: 32e6 } as const;
const OVERHEAD_BYTES = 200;

/**
 * The last decisions of this process, for a read right after the write. Kept as their JSON, because objects that live for a
 * while are what the garbage collector has to copy.
 */
export class RecentDecisions {
  readonly #texts = new TwoGenerations<string>(
    RECENT,
    (id, text) => 2 * (id.length + text.length) + OVERHEAD_BYTES,
  );

  add(decisionId: string, text: string): void {
    this.#texts.set(decisionId, text);
  }

  find(decisionId: string): DecisionEvent | undefined {
    const text = this.#texts.get(decisionId);
    return text === undefined ? undefined : (JSON.parse(text) as DecisionEvent);
  }

  /** What it holds, at most. */
  get bytes(): number {
    return this.#texts.bytes;
  }
}
