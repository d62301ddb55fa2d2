import { refuse, violation } from '../../core/check.ts';
import { AllotError, type Violation } from '../../core/errors.ts';
import type { ExposureEvent, FeedbackEvent, InteractionEvent } from '../../core/feedback/events.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { EventJournal } from '../ports/event-log.ts';
import type { Metrics } from '../ports/metrics.ts';
import { authorise, coversSurface, type Principal } from '../registry/principal.ts';
import {
  exposureSchema,
  exposuresSchema,
  interactionSchema,
  interactionsSchema,
  isSingleEvent,
} from '../schemas/feedback.ts';
import { parseWith } from '../schemas/parse.ts';
import { surfaceOfId, type Serving } from '../serving/serving.ts';
import { brokenInteractionRules } from './interaction-rules.ts';

export interface Accepted {
  readonly accepted: number;
}

export interface Feedback {
  /** Both take one event or a batch; all of it is accepted or nothing. Throws `AllotError`. */
  exposures(body: unknown, principal: Principal): Accepted;
  interactions(body: unknown, principal: Principal): Accepted;
}

export interface FeedbackDependencies {
  readonly serving: Serving;
  readonly journal: EventJournal;
  readonly clock: () => number;
  readonly metrics: Metrics;
}

/** How far a caller's clock may run ahead of ours, and how long before its decision feedback may claim to be. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Feedback is checked as a whole and journalled as a whole, so nothing is ever half-written. */
export const createFeedback = (deps: FeedbackDependencies): Feedback => ({
  exposures: (body, principal) => acceptExposures(deps, body, principal),
  interactions: (body, principal) => acceptInteractions(deps, body, principal),
});

function acceptExposures(deps: FeedbackDependencies, body: unknown, principal: Principal): Accepted {
  authorise(principal, 'decide');
  const isSingle = isSingleEvent(body, 'exposures');
  const exposures = isSingle ? [parseWith(exposureSchema, body)] : parseWith(exposuresSchema, body).exposures;
  const receivedAt = deps.clock();
  const violations: Violation[] = [];
  const events = exposures.map((sent, i): ExposureEvent => {
    const field = isSingle ? '' : `exposures[${String(i)}].`;
    checkDecision(deps, principal, sent, field, receivedAt, violations);
    const { eventId, decisionId, occurredAt = receivedAt } = sent;
    return { v: 1, kind: 'exposure', eventId, tenant: principal.tenant, decisionId, occurredAt, receivedAt };
  });
  return accept(deps, 'exposure', events, violations);
}

function acceptInteractions(deps: FeedbackDependencies, body: unknown, principal: Principal): Accepted {
  authorise(principal, 'decide');
  const isSingle = isSingleEvent(body, 'interactions');
  const interactions = isSingle
    ? [parseWith(interactionSchema, body)]
    : parseWith(interactionsSchema, body).interactions;
  const receivedAt = deps.clock();
  const violations: Violation[] = [];
  const events = interactions.map((sent, i): InteractionEvent => {
    const field = isSingle ? '' : `interactions[${String(i)}].`;
    const surface = checkDecision(deps, principal, sent, field, receivedAt, violations);
    violations.push(...brokenInteractionRules(surface, sent, field));
    const { eventId, decisionId, type, value = 1, occurredAt = receivedAt } = sent;
    const { tenant } = principal;
    return { v: 1, kind: 'interaction', eventId, tenant, decisionId, type, value, occurredAt, receivedAt };
  });
  return accept(deps, 'interaction', events, violations);
}

/** The id must be ours (MAC), the caller's (tenant), and of a surface that the key covers. */
function checkDecision(
  { serving }: FeedbackDependencies,
  principal: Principal,
  sent: { readonly decisionId: string; readonly occurredAt?: number | undefined },
  field: string,
  receivedAt: number,
  violations: Violation[],
): Surface {
  const at = `${field}decisionId`;
  const parsed = readId(serving, sent.decisionId, at);
  if (!serving.ids.belongsTo(parsed, principal.tenant)) {
    throw new AllotError('decision_id_foreign', 'the decision id belongs to another tenant', {
      violations: [violation(at, 'must be a decision of this tenant', sent.decisionId)],
    });
  }
  const { snapshot } = serving;
  const served = snapshot === null ? undefined : surfaceOfId(snapshot, serving.ids, principal.tenant, parsed);
  if (served === undefined) {
    throw new AllotError('surface_unknown', 'the surface of this decision is not declared', {
      violations: [violation(at, 'must be a decision on a declared surface', sent.decisionId)],
    });
  }
  if (!coversSurface(principal, served.surface.name)) {
    throw new AllotError('forbidden', 'the API key is not for the surface of this decision');
  }
  const occurredAt = sent.occurredAt ?? receivedAt;
  if (occurredAt > receivedAt + CLOCK_SKEW_MS) {
    violations.push(violation(`${field}occurredAt`, 'must not be more than 5 minutes ahead', occurredAt));
  }
  if (occurredAt < parsed.timeMs - CLOCK_SKEW_MS) {
    violations.push(violation(`${field}occurredAt`, 'must not be before the decision', occurredAt));
  }
  return served.surface;
}

function readId(serving: Serving, decisionId: string, field: string): ReturnType<Serving['ids']['read']> {
  try {
    return serving.ids.read(decisionId);
  } catch (error) {
    if (!(error instanceof AllotError)) throw error;
    throw new AllotError(error.code, `${field}: the decision id was not issued by this service`, {
      violations: [violation(field, 'must have been issued by this service', decisionId)],
      cause: error,
    });
  }
}

function accept(
  { journal, metrics }: FeedbackDependencies,
  kind: 'exposure' | 'interaction',
  events: readonly FeedbackEvent[],
  violations: readonly Violation[],
): Accepted {
  refuse('invalid_request', violations);
  journal.appendAll(events);
  metrics.feedbackAccepted(kind, events.length);
  return { accepted: events.length };
}
