import { SESSION_CLOSED, type ResponseSpec, type Surface } from '../surface/surface.ts';
import type { DecisionEvent, ExposureEvent, InteractionEvent } from './events.ts';

/** A decision and the feedback that names it, in any order, repeats included. */
export interface JoinInput {
  readonly decision: Pick<DecisionEvent, 'decidedAt'>;
  readonly exposures: readonly ExposureEvent[];
  readonly interactions: readonly InteractionEvent[];
}

export interface JoinedResponses {
  /** An exposure came: the caller got the answer. Interactions do not count, as they depend on the action. */
  readonly isDelivered: boolean;
  /** Every response window has closed. */
  readonly isMature: boolean;
  /** A response without events is known to be its default, not merely missing. */
  readonly isComplete: boolean;
  /** By response. A response without events is absent until the row is complete: a missing outcome is not a zero. */
  readonly responses: Record<string, number>;
  /** Interactions of a declared type outside every window that they could feed (too late, or before the decision). */
  readonly lateEvents: number;
}

/**
 * Takes each declared response from a decision's interactions: those of its type that occurred in
 * [decidedAt, decidedAt + window], each event id once, aggregated and then limited to the declared [min, max]
 * (finite-sample bounds rest on that range). The result does not depend on the order of events.
 *
 * @param asOf the time up to which the log is known, ms; a decision matures at decidedAt + the longest window
 * @param sessionClosed whether `session_closed` arrived for the decision's session; only asked for where the surface's
 *   completeness is `session-closed`
 */
export function joinResponses(
  surface: Surface,
  record: JoinInput,
  asOf: number,
  sessionClosed: boolean,
): JoinedResponses {
  const { decidedAt } = record.decision;
  const events = distinctInOrder(record.interactions);
  const isMature = asOf >= decidedAt + 1000 * longestWindowSeconds(surface);
  const isClosed = sessionClosed || events.some((event) => event.type === SESSION_CLOSED);
  const isComplete = isMature && (surface.completeness === 'window' || isClosed);
  const responses: Record<string, number> = {};
  for (const spec of surface.responses) {
    const value = responseOf(spec, decidedAt, events);
    if (value !== undefined) responses[spec.name] = value;
    else if (isComplete) responses[spec.name] = spec.default;
  }
  return {
    isDelivered: record.exposures.length > 0,
    isMature,
    isComplete,
    responses,
    lateEvents: events.filter((event) => isOutside(surface, decidedAt, event)).length,
  };
}

/** The longest response window: a decision is mature when it has passed. */
export function longestWindowSeconds(surface: Surface): number {
  return surface.responses.reduce((longest, { windowSeconds }) => Math.max(longest, windowSeconds), 0);
}

/** Sorted, so that sums round alike whatever the order of arrival. */
function distinctInOrder(interactions: readonly InteractionEvent[]): readonly InteractionEvent[] {
  if (interactions.length < 2) return interactions;
  const byId = new Map<string, InteractionEvent>();
  for (const event of interactions) if (!byId.has(event.eventId)) byId.set(event.eventId, event);
  return [...byId.values()].sort(
    (a, b) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0),
  );
}

const isInside = (spec: ResponseSpec, decidedAt: number, occurredAt: number): boolean =>
  occurredAt >= decidedAt && occurredAt <= decidedAt + 1000 * spec.windowSeconds;

function isOutside(surface: Surface, decidedAt: number, event: InteractionEvent): boolean {
  const fed = surface.responses.filter((spec) => spec.interaction === event.type);
  return fed.length > 0 && !fed.some((spec) => isInside(spec, decidedAt, event.occurredAt));
}

function responseOf(
  spec: ResponseSpec,
  decidedAt: number,
  events: readonly InteractionEvent[],
): number | undefined {
  let value: number | undefined;
  for (const event of events) {
    if (event.type !== spec.interaction || !isInside(spec, decidedAt, event.occurredAt)) continue;
    if (spec.aggregate === 'any') value = 1;
    else if (spec.aggregate === 'max') value = Math.max(value ?? -Infinity, event.value);
    else value = (value ?? 0) + event.value;
  }
  return value === undefined ? undefined : Math.min(spec.max, Math.max(spec.min, value));
}
