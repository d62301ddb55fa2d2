import { timeOfDecisionId } from '../core/feedback/decision-id.ts';
import type { DecisionEvent, FeedbackEvent, InteractionEvent } from '../core/feedback/events.ts';
import type { DecidedRange, JoinCounts, JoinReader, JoinRules } from '../service/ports/join-reader.ts';
import { compareText, type MemoryState } from './state.ts';

const SESSION_GAP_MS = 30 * 60_000;

export function createJoinReader(state: MemoryState): JoinReader {
  const isExposed = (d: DecisionEvent): boolean =>
    [...state.exposures.values()].some((e) => e.decisionId === d.decisionId && e.tenant === d.tenant);
  const slice = (range: DecidedRange, limit: number): DecisionEvent[] =>
    inSlice([...state.decisions.values()], range, limit);
  return {
    joined: (range, rules, limit) => {
      const decisions = slice(range, limit);
      return Promise.resolve(
        [...rules]
          .sort((a, b) => compareText(a.tenant, b.tenant) || compareText(a.surface, b.surface))
          .flatMap((rule) => countsOf(rule, decisions, { state, isExposed })),
      );
    },
    feedback: (range, limit) =>
      Promise.resolve(
        (['exposure', 'interaction'] as const).map((kind) => {
          const events = inSlice<FeedbackEvent>([...state[`${kind}s`].values()], range, limit);
          const joined = events.filter((e) => state.decisions.get(e.decisionId)?.tenant === e.tenant).length;
          return { kind, joined, orphans: events.length - joined };
        }),
      ),
    pending(range, limit) {
      const counts = new Map<string, { tenant: string; surface: string; decisions: number }>();
      for (const { tenant, surface } of slice(range, limit).filter((d) => !isExposed(d))) {
        const key = JSON.stringify([tenant, surface]);
        counts.set(key, { tenant, surface, decisions: (counts.get(key)?.decisions ?? 0) + 1 });
      }
      return Promise.resolve([...counts].sort(([a], [b]) => compareText(a, b)).map(([, row]) => row));
    },
  };
}

function inSlice<E extends { readonly decisionId: string }>(
  events: readonly E[],
  { from, until }: DecidedRange,
  limit: number,
): E[] {
  return events
    .filter(({ decisionId }) => {
      const time = timeOfDecisionId(decisionId);
      return time >= Math.floor(from) && time < Math.floor(until);
    })
    .sort((a, b) => compareText(a.decisionId, b.decisionId))
    .slice(0, limit);
}

interface Known {
  readonly state: MemoryState;
  readonly isExposed: (decision: DecisionEvent) => boolean;
}

function countsOf(rule: JoinRules, slice: readonly DecisionEvent[], known: Known): JoinCounts[] {
  const own = slice.filter((d) => d.tenant === rule.tenant && d.surface === rule.surface);
  if (own.length === 0 || rule.responses.length === 0) return [];
  const sameRequest = (d: DecisionEvent): DecisionEvent[] =>
    own.filter((other) => other.unitId === d.unitId && other.requestId === d.requestId);
  const isTwin = (d: DecisionEvent): boolean => sameRequest(d).length > 1;
  const isExposedTwin = (d: DecisionEvent): boolean => sameRequest(d).filter(known.isExposed).length > 1;
  const [exposed, silent] = [own.filter(known.isExposed), own.filter((d) => !known.isExposed(d))];
  const kept = exposed.filter((d) => !isExposedTwin(d));
  const events = kept.map((d) => eventsOf(d, rule, known.state));
  return [
    {
      tenant: rule.tenant,
      surface: rule.surface,
      delivered: kept.length,
      undelivered: silent.filter((d) => !isTwin(d)).length,
      twins: exposed.length - kept.length,
      undeliveredTwins: silent.filter(isTwin).length,
      transitions: kept.filter((d) => isFollowed(d, known)).length,
      lateEvents: events.flat().filter(({ inside }) => inside.length === 0).length,
      defaultOutcomes: Object.fromEntries(
        rule.responses.map(({ name }) => [
          name,
          events.filter((all) => !all.some(({ inside }) => inside.includes(name))).length,
        ]),
      ),
    },
  ];
}

/** The interactions of a decision that any response is made from, with the responses in whose window each lies. */
function eventsOf(
  { decisionId, tenant, decidedAt }: DecisionEvent,
  { responses }: JoinRules,
  state: MemoryState,
): readonly { readonly inside: readonly string[] }[] {
  const isInside = (event: InteractionEvent, windowSeconds: number): boolean =>
    event.occurredAt >= decidedAt && event.occurredAt <= decidedAt + 1000 * windowSeconds;
  return [...state.interactions.values()]
    .filter((event) => event.decisionId === decisionId && event.tenant === tenant)
    .map((event) => ({ event, specs: responses.filter(({ interaction }) => interaction === event.type) }))
    .filter(({ specs }) => specs.length > 0)
    .map(({ event, specs }) => ({
      inside: specs.filter(({ windowSeconds }) => isInside(event, windowSeconds)).map(({ name }) => name),
    }));
}

const isFollowed = (d: DecisionEvent, { state, isExposed }: Known): boolean =>
  [...state.decisions.values()].some(
    (next) =>
      next.tenant === d.tenant &&
      next.surface === d.surface &&
      next.unitId === d.unitId &&
      (next.decidedAt > d.decidedAt || (next.decidedAt === d.decidedAt && next.decisionId > d.decisionId)) &&
      next.sessionId === d.sessionId &&
      (d.sessionId !== null || next.decidedAt <= d.decidedAt + SESSION_GAP_MS) &&
      isExposed(next),
  );
