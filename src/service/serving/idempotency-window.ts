import { AllotError } from '../../core/errors.ts';
import type { DecisionEvent } from '../../core/feedback/events.ts';
import { TwoGenerations } from '../../core/two-generations.ts';
import { answerOf, type DecideAnswer } from './decide-answer.ts';

/**
 * The declared window: the last 20,000 decisions of this process (up to twice that), for at most ten minutes, and no more of
 * them than 64 MB hold (twice): decisions of 10 kB have a window of the last 3,000. A repeat outside it, or on another process,
 * is another decision with its own id.
 */
export const IDEMPOTENCY_WINDOW = { decisions: 20_000, bytes: 64e6, milliseconds: 600_000 } as const;

/** Two bytes a character, as a text takes that has one outside of Latin-1; and what a map and the objects take. */
const OVERHEAD_BYTES = 200;
const bytesOf = (key: string, { text }: Remembered): number =>
  2 * (key.length + text.length) + OVERHEAD_BYTES;

interface Remembered {
  /** The event as JSON, and not as an object: forty thousand flat texts cost the garbage collector next to nothing. */
  readonly text: string;
  /** Of the surface as it was then. */
  readonly actions: readonly string[];
  /** The request named no actions: the event then has those that the surface had. */
  readonly isWhole: boolean;
}

/**
 * What was sent, and nothing that the surface's declaration adds to it: two requests with the same key must agree on it, and a
 * repeat stays one when the surface was declared anew in between.
 */
export interface SentRequest {
  readonly unitId: string;
  readonly sessionId: string | null;
  readonly features: Readonly<Record<string, unknown>>;
  /** null: none were named. */
  readonly eligibleActions: readonly string[] | null;
}

export class IdempotencyWindow {
  readonly #seen = new TwoGenerations<Remembered>(
    {
      entries: IDEMPOTENCY_WINDOW.decisions,
      bytes: IDEMPOTENCY_WINDOW.bytes,
      milliseconds: IDEMPOTENCY_WINDOW.milliseconds,
    },
    bytesOf,
  );

  /** The answer already given, if any; throws `request_id_conflict` when the body differs. */
  find(key: string, sent: SentRequest, now: number): DecideAnswer | undefined {
    const known = this.#seen.get(key);
    if (known === undefined) return undefined;
    const event = JSON.parse(known.text) as DecisionEvent;
    if (now - event.decidedAt > IDEMPOTENCY_WINDOW.milliseconds) return undefined;
    if (printOf(sentIn(event, known.isWhole)) !== printOf(sent)) {
      throw new AllotError('request_id_conflict', 'the requestId was used with another body', {
        violations: [{ field: 'requestId', rule: 'must be new for a new body', value: event.requestId }],
      });
    }
    return answerOf(event, known.actions);
  }

  remember(key: string, decision: Remembered, now: number): void {
    this.#seen.set(key, decision, now);
  }

  /** What it holds, at most. */
  get bytes(): number {
    return this.#seen.bytes;
  }
}

/** What had to be filled in was not sent. */
function sentIn(event: DecisionEvent, isWhole: boolean): SentRequest {
  const { unitId, sessionId, defaultedFeatures, eligibleActions } = event;
  const filledIn = new Set(defaultedFeatures);
  const features = Object.fromEntries(Object.entries(event.features).filter(([name]) => !filledIn.has(name)));
  return { unitId, sessionId, features, eligibleActions: isWhole ? null : eligibleActions };
}

/** Compared only when a key comes back, so the text is not made for every decision. */
const printOf = (sent: SentRequest): string =>
  JSON.stringify([
    sent.unitId,
    sent.sessionId,
    Object.entries(sent.features).sort(([a], [b]) => (a < b ? -1 : 1)),
    sent.eligibleActions,
  ]);
