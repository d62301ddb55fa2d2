import type { DecisionIds } from '../../core/feedback/decision-id.ts';
import type { Adjustment, DecisionEvent } from '../../core/feedback/events.ts';
import { AllotError } from '../../core/errors.ts';
import { drawWith } from '../../core/policy/draw.ts';
import { drawAction, serveProbabilities } from '../../core/policy/serve.ts';
import { groupName } from '../../core/surface/groups.ts';
import type { EventJournal } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import { authorise, type Principal } from '../registry/principal.ts';
import { choosePolicy, unlogged, type ChosenPolicy } from './choose-policy.ts';
import { answerOf, entropyOf, type DecideAnswer } from './decide-answer.ts';
import { checkDecideRequest, readEligible, type DecideRequest } from './decide-request.ts';
import type { IdempotencyWindow } from './idempotency-window.ts';
import { scopeOf, type PacingControllers } from './pacing-controllers.ts';
import type { RandomBytes } from './random-bytes.ts';
import type { ServedSurface } from './served-surface.ts';
import type { ServingSnapshot } from './serving-snapshot.ts';
import type { UnitCounters } from './unit-counters.ts';

export interface DecideDependencies {
  readonly ids: DecisionIds;
  readonly assignmentKey: Uint8Array;
  readonly journal: EventJournal;
  readonly clock: () => number;
  /** For durations only; milliseconds, monotonic. */
  readonly stopwatch: () => number;
  readonly random: RandomBytes;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly window: IdempotencyWindow;
  readonly counters: UnitCounters;
  readonly pacing: PacingControllers;
}

/** One request with everything it was resolved to; the rest of the path reads from it. */
interface Resolved {
  readonly request: DecideRequest;
  readonly served: ServedSurface;
  readonly values: DecisionEvent['features'];
  readonly defaulted: readonly string[];
  readonly eligible: boolean[];
  readonly eligibleActions: readonly string[];
  readonly now: number;
}

/** The distribution as finally served and what made it so. */
interface Outcome {
  readonly probabilities: readonly number[];
  readonly adjustments: readonly Adjustment[];
  readonly isForced: boolean;
  readonly chosen: ChosenPolicy;
}

/**
 * The decide path: validate → authorise → idempotency → kill switch → assignment → forward pass → eligibility, caps,
 * pacing, floor → draw → journal → answer. Synchronous from end to end: no lock, no database, one snapshot.
 */
export function decide(
  body: unknown,
  principal: Principal,
  snapshot: ServingSnapshot,
  deps: DecideDependencies,
): DecideAnswer {
  const startedAt = deps.stopwatch();
  const request = checkDecideRequest(body);
  authorise(principal, 'decide', request.surface);
  const resolved = resolve(request, principal, snapshot, deps);
  const key = `${principal.tenant}\n${request.surface}\n${request.requestId}`;
  const { unitId, sessionId } = request;
  const { values: features, defaulted: defaultedFeatures, eligibleActions } = resolved;
  const known = deps.window.find(
    key,
    { unitId, sessionId, features, defaultedFeatures, eligibleActions },
    resolved.now,
  );
  if (known !== undefined) return known;
  const event = decideAndLog(resolved, deps);
  const answer = answerOf(event, resolved.served.surface.actions);
  // An answer that nobody recorded is not repeated: the next try may be recorded.
  if (event.fallback !== 'unlogged') deps.window.remember(key, event, answer);
  count(event, deps, startedAt);
  return answer;
}

function resolve(
  request: DecideRequest,
  principal: Principal,
  snapshot: ServingSnapshot,
  deps: DecideDependencies,
): Resolved {
  const served = snapshot.tenants.get(principal.tenant)?.surfaces.get(request.surface);
  if (served === undefined) {
    throw new AllotError('surface_unknown', 'the surface is not declared', {
      violations: [{ field: 'surface', rule: 'must be declared', value: request.surface }],
    });
  }
  if (served.nullIndex < 0) {
    throw new AllotError('state_conflict', 'the surface has no null action: it only holds an imported log');
  }
  const { values, defaulted } = served.features.read(request.features);
  const eligible = readEligible(request.eligibleActions, served.actionIndex, served.nullIndex);
  const eligibleActions =
    request.eligibleActions === null
      ? served.surface.actions
      : served.surface.actions.filter((_, index) => eligible[index]);
  return { request, served, values, defaulted, eligible, eligibleActions, now: deps.clock() };
}

function decideAndLog(resolved: Resolved, deps: DecideDependencies): DecisionEvent {
  const { request, served, now } = resolved;
  if (!deps.journal.canAppend()) return unloggedDecision(resolved, deps);
  const chosen = choosePolicy(served, deps.assignmentKey, request.unitId);
  const outcome =
    chosen.loaded === null ? safeOutcome(served, chosen) : policyOutcome(resolved, chosen, deps);
  const event = toEvent(resolved, outcome, deps);
  try {
    deps.journal.append(event);
  } catch (error) {
    deps.logger.warn({ error, surface: served.surface.name }, 'a decision could not be journalled');
    return unloggedDecision(resolved, deps);
  }
  learnFrom(event, outcome, resolved, now, deps);
  return event;
}

/** What cannot be recorded is the safe action: never an exploratory draw that nobody knows about. */
const unloggedDecision = (resolved: Resolved, deps: DecideDependencies): DecisionEvent =>
  toEvent(resolved, safeOutcome(resolved.served, unlogged), deps);

function safeOutcome(served: ServedSurface, chosen: ChosenPolicy): Outcome {
  const probabilities = served.surface.actions.map((_, index) => (index === served.nullIndex ? 1 : 0));
  return { probabilities, adjustments: [], isForced: true, chosen };
}

function policyOutcome(resolved: Resolved, chosen: ChosenPolicy, deps: DecideDependencies): Outcome {
  const { served, values, defaulted, eligible, request, now } = resolved;
  const { scratch, surface } = served;
  chosen.loaded?.policy.probabilities(values, defaulted, scratch.policy);
  const pacing = deps.pacing.of(served, chosen.assignment);
  const scope = surface.caps.length === 0 ? '' : scopeOf(served, chosen.assignment);
  const { adjustments, isForced } = serveProbabilities(
    {
      surface,
      policyProbabilities: scratch.policy,
      eligible,
      values,
      unitCounts: (cap) => deps.counters.count(scope, cap, request.unitId, now),
      pacingFactor: pacing === null ? 1 : pacing.factor(),
    },
    scratch.served,
  );
  return { probabilities: Array.from(scratch.served), adjustments, isForced, chosen };
}

function toEvent(resolved: Resolved, outcome: Outcome, deps: DecideDependencies): DecisionEvent {
  const { request, served, values, defaulted, eligibleActions, now } = resolved;
  const { surface, tenant } = served;
  const { assignment, loaded, fallback } = outcome.chosen;
  const { unitId, requestId } = request;
  const draw = drawWith(served.drawKey, { tenant, surface: surface.name, unitId, requestId, slot: 0 });
  const index = drawAction(outcome.probabilities, draw);
  return {
    v: 1,
    kind: 'decision',
    decisionId: deps.ids.mint({ timeMs: now, tenant, surface: surface.name, random: deps.random(8) }),
    tenant,
    surface: surface.name,
    schemaVersion: surface.schemaVersion,
    requestId,
    unitId,
    sessionId: request.sessionId,
    decidedAt: now,
    features: values,
    defaultedFeatures: defaulted,
    group: groupName(surface.groups, values, defaulted),
    eligibleActions,
    action: surface.actions[index],
    propensity: outcome.probabilities[index],
    probabilities: outcome.probabilities,
    draw,
    policyVersion: loaded?.version ?? null,
    experiment: assignment?.experiment ?? null,
    variant: assignment?.variant ?? null,
    block: assignment?.block ?? null,
    adjustments: outcome.adjustments,
    fallback,
    isForced: outcome.isForced,
  };
}

/** Pacing and counters learn from what was served and recorded, never from what was not. */
function learnFrom(
  event: DecisionEvent,
  outcome: Outcome,
  { served, request }: Resolved,
  now: number,
  deps: DecideDependencies,
): void {
  const { assignment, loaded } = outcome.chosen;
  if (loaded === null) return;
  const pacing = deps.pacing.of(served, assignment);
  if (pacing !== null) {
    pacing.observe(1 - event.probabilities[served.nullIndex]);
    deps.metrics.pacingFactor(event.surface, event.variant, pacing.factor());
  }
  for (const cap of served.surface.caps) {
    if (cap.rule.kind === 'unit-window' && cap.action === event.action) {
      deps.counters.add(scopeOf(served, assignment), cap, request.unitId, now);
    }
  }
}

function count(event: DecisionEvent, deps: DecideDependencies, startedAt: number): void {
  const { surface, policyVersion, variant, action, fallback, propensity } = event;
  deps.metrics.decisionServed({
    surface,
    policyVersion,
    variant,
    action,
    fallback,
    propensity,
    entropy: entropyOf(event.probabilities),
    durationMs: deps.stopwatch() - startedAt,
  });
  for (const feature of event.defaultedFeatures) deps.metrics.featureDefaulted(surface, feature);
}
