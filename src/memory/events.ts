import { AllotError } from '../core/errors.ts';
import { dayOfDecisionId } from '../core/feedback/decision-id.ts';
import type {
  DecisionEvent,
  ExposureEvent,
  FeedbackEvent,
  InteractionEvent,
  LogEvent,
} from '../core/feedback/events.ts';
import type { DeadLetterStore, DecisionReader, DecisionRecord, EventStore } from '../service/ports/stores.ts';
import { compareText, copy, keyOf, type MemoryState } from './state.ts';

/** Same keys as the tables: (day, decision id) and (day, tenant, event id), the day from inside the decision id. */
export function createEventStore(state: MemoryState): EventStore {
  return {
    async write({ events, deadLetters }) {
      for (const event of events) refuseUnstorable(event);
      const inserted = { decisions: 0, exposures: 0, interactions: 0 };
      const duplicates = { decisions: 0, exposures: 0, interactions: 0 };
      for (const event of events) {
        const table = tableOf(event);
        const counts = put(state, event) ? inserted : duplicates;
        counts[table] += 1;
      }
      let letters = 0;
      for (const letter of deadLetters) {
        const id = Buffer.from(letter.record).toString('hex');
        if (state.deadLetters.has(id)) continue;
        state.deadLetters.set(id, { ...copy(letter), id });
        letters += 1;
      }
      return { inserted, duplicates, deadLetters: letters };
    },
  };
}

const tableOf = (event: LogEvent): 'decisions' | 'exposures' | 'interactions' => `${event.kind}s`;

/** What a database refuses: an unreadable id, and text with NUL or half a surrogate pair. */
function refuseUnstorable(event: LogEvent): void {
  dayOfDecisionId(event.decisionId);
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(JSON.stringify(event))) {
    throw new AllotError('invalid_request', 'the store refuses a value: text with NUL or a lone surrogate');
  }
}

function put(state: MemoryState, event: LogEvent): boolean {
  const day = dayOfDecisionId(event.decisionId);
  const table = state[tableOf(event)] as Map<string, LogEvent>;
  const key = event.kind === 'decision' ? event.decisionId : keyOf(day, event.tenant, event.eventId);
  if (table.has(key)) return false;
  table.set(key, copy(event));
  return true;
}

export function createDeadLetterStore(state: MemoryState): DeadLetterStore {
  return {
    async list(limit) {
      return copy([...state.deadLetters.values()])
        .sort((a, b) => b.receivedAt - a.receivedAt || compareText(a.id, b.id))
        .slice(0, limit);
    },
    async ids() {
      return [...state.deadLetters.keys()];
    },
    async find(id) {
      return copy(state.deadLetters.get(id));
    },
    async remove(ids) {
      return ids.filter((id) => state.deadLetters.delete(id)).length;
    },
  };
}

export function createDecisionReader(state: MemoryState): DecisionReader {
  return {
    async find(tenant, decisionId) {
      dayOfDecisionId(decisionId);
      const decision = state.decisions.get(decisionId);
      if (decision?.tenant !== tenant) return undefined;
      return recordOf(
        decision,
        byDecision(state.exposures).get(decisionId),
        byDecision(state.interactions).get(decisionId),
      );
    },
    async *stream({ tenant, surface, from, until }) {
      const found = [...state.decisions.values()]
        .filter(
          (d) => d.tenant === tenant && d.surface === surface && d.decidedAt >= from && d.decidedAt < until,
        )
        .sort(
          (a, b) =>
            compareText(a.unitId, b.unitId) ||
            a.decidedAt - b.decidedAt ||
            compareText(a.decisionId, b.decisionId),
        );
      const [exposures, interactions] = [byDecision(state.exposures), byDecision(state.interactions)];
      for (const decision of found) {
        const { decisionId: id } = decision;
        yield recordOf(decision, exposures.get(id), interactions.get(id));
      }
    },
    async counts(tenant, surface) {
      const feedback = (table: ReadonlyMap<string, FeedbackEvent>): { joined: number; orphans: number } => {
        const own = [...table.values()].filter((event) => event.tenant === tenant);
        const decisions = own.map((event) => state.decisions.get(event.decisionId));
        return {
          joined: decisions.filter((d) => surface === undefined || d?.surface === surface).length,
          orphans: decisions.filter((d) => d?.tenant !== tenant).length,
        };
      };
      const exposures = feedback(state.exposures);
      const interactions = feedback(state.interactions);
      const decisions = [...state.decisions.values()].filter(
        (d) => d.tenant === tenant && (surface ?? d.surface) === d.surface,
      );
      return {
        decisions: decisions.length,
        exposures: exposures.joined,
        interactions: interactions.joined,
        orphans: exposures.orphans + interactions.orphans,
      };
    },
  };
}

/** One pass over all feedback in place of one per decision. */
function byDecision<E extends FeedbackEvent>(table: ReadonlyMap<string, E>): ReadonlyMap<string, E[]> {
  const found = new Map<string, E[]>();
  for (const event of table.values()) {
    const events = found.get(event.decisionId);
    if (events === undefined) found.set(event.decisionId, [event]);
    else events.push(event);
  }
  return found;
}

function recordOf(
  decision: DecisionEvent,
  exposures: readonly ExposureEvent[] = [],
  interactions: readonly InteractionEvent[] = [],
): DecisionRecord {
  const feedbackOf = <E extends FeedbackEvent>(events: readonly E[]): E[] =>
    events
      .filter(({ tenant }) => tenant === decision.tenant)
      .sort(
        (a, b) =>
          a.occurredAt - b.occurredAt || a.receivedAt - b.receivedAt || compareText(a.eventId, b.eventId),
      )
      .map(copy);
  return {
    decision: copy(decision),
    exposures: feedbackOf(exposures),
    interactions: feedbackOf(interactions),
  };
}
