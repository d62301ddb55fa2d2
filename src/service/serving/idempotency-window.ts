import { AllotError } from '../../core/errors.ts';
import type { DecisionEvent } from '../../core/feedback/events.ts';
import type { DecideAnswer } from './decide-answer.ts';
import { TwoGenerations } from './two-generations.ts';

/**
 * The declared window: the last 20,000 decisions of this process (up to twice that), for at most ten minutes.
 * A repeat outside it, on another process, is another decision with its own id.
 */
export const IDEMPOTENCY_WINDOW = { decisions: 20_000, milliseconds: 600_000 } as const;

interface Remembered {
  /** The event as JSON, and not as an object: forty thousand flat texts cost the garbage collector next to nothing. */
  readonly text: string;
  readonly decidedAt: number;
  readonly answer: DecideAnswer;
}

/** What of the body decides; two requests with the same key must agree on it. */
export interface Fingerprint {
  readonly unitId: string;
  readonly sessionId: string | null;
  readonly features: DecisionEvent['features'];
  readonly defaultedFeatures: readonly string[];
  readonly eligibleActions: readonly string[];
}

export class IdempotencyWindow {
  readonly #seen: TwoGenerations<Remembered>;

  constructor(capacity: number = IDEMPOTENCY_WINDOW.decisions) {
    this.#seen = new TwoGenerations(capacity);
  }

  /** The answer already given, if any; throws `request_id_conflict` when the body differs. */
  find(key: string, body: Fingerprint, now: number): DecideAnswer | undefined {
    const known = this.#seen.get(key);
    if (known === undefined || now - known.decidedAt > IDEMPOTENCY_WINDOW.milliseconds) return undefined;
    const event = JSON.parse(known.text) as DecisionEvent;
    if (printOf(event) !== printOf(body)) {
      throw new AllotError('request_id_conflict', 'the requestId was used with another body', {
        violations: [{ field: 'requestId', rule: 'must be new for a new body', value: event.requestId }],
      });
    }
    return known.answer;
  }

  remember(key: string, decision: Remembered): void {
    this.#seen.set(key, decision);
  }
}

/** Compared only when a key comes back, so the text is not made for every decision. */
const printOf = (body: Fingerprint): string =>
  JSON.stringify([
    body.unitId,
    body.sessionId,
    Object.entries(body.features).sort(([a], [b]) => (a < b ? -1 : 1)),
    body.defaultedFeatures,
    body.eligibleActions,
  ]);
