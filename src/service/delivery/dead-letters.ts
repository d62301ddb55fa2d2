import { AllotError } from '../../core/errors.ts';
import { parseEvent } from '../schemas/events.ts';
import type { DeadLetter, DeadLetterStore, EventStore } from '../ports/stores.ts';

export interface ReplayOutcome {
  readonly replayed: readonly string[];
  /** What is refused again stays where it is, with today's reason. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * Offers dead letters to the store once more, each in its own transaction. Idempotent: a record that is stored already
 * has no effect, and a letter is removed only after its event is in. An outage ends the replay; run it again.
 */
export async function replayDeadLetters(
  stores: { readonly deadLetters: DeadLetterStore; readonly events: EventStore },
  letters: Iterable<DeadLetter> | AsyncIterable<DeadLetter>,
): Promise<ReplayOutcome> {
  const replayed: string[] = [];
  const refused: { id: string; reason: string }[] = [];
  for await (const { id, record } of letters) {
    try {
      const { tooLate } = await stores.events.write({ events: [parseEvent(record)], deadLetters: [] });
      if (tooLate !== undefined && Object.values(tooLate).some((count) => count > 0))
        throw new AllotError('invalid_request', 'retention has dropped its day');
      await stores.deadLetters.remove([id]);
      replayed.push(id);
    } catch (error) {
      if (error instanceof AllotError && error.retryable) throw error;
      refused.push({ id, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { replayed, refused };
}
