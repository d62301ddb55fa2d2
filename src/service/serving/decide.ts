import type { DecisionIds } from '../../core/feedback/decision-id.ts';
import type { Adjustment, DecisionEvent } from '../../core/feedback/events.ts';
import { AllotError } from '../../core/errors.ts';
import { drawWith } from '../../core/policy/draw.ts';
import { drawAction, serveProbabilities } from '../../core/policy/serve.ts';
import { groupName } from '../../core/surface/groups.ts';
import type { CapSpec } from '../../core/surface/surface.ts';
import type { PseudonymOf } from '../identity/pseudonyms.ts';
import type { EventJournal } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import { authorise, type Principal } from '../registry/principal.ts';
import { choosePolicy, unlogged, type ChosenPolicy } from './choose-policy.ts';
import { entropyOf, type DecideAnswer } from './decide-answer.ts';
import { checkDecideRequest, readEligible, type DecideRequest } from './decide-request.ts';
import type { IdempotencyWindow, SentRequest } from './idempotency-window.ts';
import type { PacingControllers } from './pacing-controllers.ts';
import type { RandomBytes } from './random-bytes.ts';
import type { ServedSurface } from './served-surface.ts';
import { surfaceKey, type ServingSnapshot } from './serving-snapshot.ts';
import type { UnitCounters } from './unit-counters.ts';

export interface DecideDependencies {
  readonly ids: DecisionIds;
  readonly assignmentKey: Uint8Array;
  /** null: units keep the ids they come with. */
  readonly pseudonymOf: PseudonymOf | null;
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

/** One request with everything it was resolved to, the unit under its pseudonym; the rest of the path reads from it. */
export interface Resolved {
  /** Of the idempotency window: tenant, surface, requestId. */
  readonly key: string;
  readonly request: DecideRequest;
  readonly served: ServedSurface;
  readonly values: DecisionEvent['features'];
  readonly defaulted: readonly string[];
  readonly eligible: readonly boolean[];
  readonly eligibleActions: readonly string[];
  readonly now: number;
  /** By the stopwatch. */
  readonly startedAt: number;
}

/** The distribution as finally served and what made it so. */
interface Outcome {
  readonly probabilities: readonly number[];
  readonly adjustments: readonly Adjustment[];
  readonly isForced: boolean;
  readonly chosen: ChosenPolicy;
}

/** A decision that waits for its record to be written; without a text it must not be recorded. */
export interface Computed {
  readonly resolved: Resolved;
  readonly outcome: Outcome;
  readonly event: DecisionEvent;
  /** The event as JSON: made once, for the journal and for whoever asks for the decision again. */
  readonly text: string | null;
}

/*
 * The decide path: validate → authorise → idempotency → kill switch → assignment → forward pass → eligibility, caps,
 * pacing, floor → draw → journal → answer. Synchronous from end to end: no lock, no database, one snapshot. The steps are
 * here, `decideAll` in decide-group.ts puts them in their order.
 */

export function checkBody(
  body: unknown,
  principal: Principal,
  snapshot: ServingSnapshot,
  deps: DecideDependencies,
): Resolved {
  const startedAt = deps.stopwatch();
  const request = checkDecideRequest(body);
  authorise(principal, 'decide', request.surface);
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
  const isWhole = request.eligibleActions === null;
  const eligible = isWhole
    ? served.allEligible
    : readEligible(request.eligibleActions, served.actionIndex, served.nullIndex);
  return {
    key: `${principal.tenant}\n${request.surface}\n${request.requestId}`,
    request: deps.pseudonymOf === null ? request : renamed(request, principal.tenant, deps.pseudonymOf),
    served,
    values,
    defaulted,
    eligible,
    eligibleActions: isWhole ? served.surface.actions : served.surface.actions.filter((_, i) => eligible[i]),
    now: deps.clock(),
    startedAt,
  };
}

/** From here on nothing knows the id that was sent. */
const renamed = (request: DecideRequest, tenant: string, pseudonymOf: PseudonymOf): DecideRequest => ({
  ...request,
  unitId: pseudonymOf(tenant, request.unitId),
});

/** The answer already given to this request, if any; refuses another body under the same requestId. */
export function findKnown(resolved: Resolved, deps: DecideDependencies): DecideAnswer | undefined {
  return deps.window.find(resolved.key, sentBy(resolved), resolved.now);
}

/** Lists in the surface's order; what the surface adds (defaults, all its actions) is not of the request. */
function sentBy({ request, eligibleActions }: Resolved): SentRequest {
  const { unitId, sessionId, features } = request;
  return { unitId, sessionId, features, eligibleActions: request.eligibleActions && eligibleActions };
}

export function compute(resolved: Resolved, deps: DecideDependencies): Computed {
  const { request, served } = resolved;
  if (!deps.journal.canAppend()) return unloggedDecision(resolved, deps);
  const chosen = choosePolicy(served, deps.assignmentKey, request.unitId);
  const outcome =
    chosen.loaded === null ? safeOutcome(served, chosen) : policyOutcome(resolved, chosen, deps);
  const event = toEvent(resolved, outcome, deps);
  return { resolved, outcome, event, text: served.textOf(event) };
}

/** What cannot be recorded is the safe action: never an exploratory draw that nobody knows about. */
export function unloggedDecision(resolved: Resolved, deps: DecideDependencies): Computed {
  const outcome = safeOutcome(resolved.served, unlogged);
  return { resolved, outcome, event: toEvent(resolved, outcome, deps), text: null };
}

function safeOutcome(served: ServedSurface, chosen: ChosenPolicy): Outcome {
  const probabilities = served.surface.actions.map((_, index) => (index === served.nullIndex ? 1 : 0));
  return { probabilities, adjustments: [], isForced: true, chosen };
}

function policyOutcome(resolved: Resolved, chosen: ChosenPolicy, deps: DecideDependencies): Outcome {
  const { served, values, defaulted, eligible } = resolved;
  const { scratch, surface } = served;
  chosen.loaded?.policy.probabilities(values, defaulted, scratch.policy);
  const pacing = deps.pacing.of(served, chosen.assignment);
  const { adjustments, isForced } = serveProbabilities(
    {
      surface,
      policyProbabilities: scratch.policy,
      eligible,
      values,
      unitCounts: served.countedCaps.length === 0 ? noCounts : unitCountsOf(resolved, deps),
      pacingFactor: pacing === null ? 1 : pacing.factor(),
    },
    scratch.served,
  );
  return { probabilities: listOf(scratch.served), adjustments, isForced, chosen };
}

const noCounts = (): number => 0;

/** Closures cost: only surfaces that count caps pay for this one. */
function unitCountsOf(
  { served, request, now }: Resolved,
  { counters }: DecideDependencies,
): (cap: CapSpec) => number {
  const scope = surfaceKey(served.tenant, served.surface.name);
  return (cap) => counters.count(scope, cap, request.unitId, now);
}

/** `Array.from` goes through the iterator. */
function listOf(values: Float64Array): number[] {
  const list: number[] = [];
  for (let i = 0; i < values.length; i += 1) list.push(values[i]);
  return list;
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
export function learnFrom({ event, outcome, resolved }: Computed, deps: DecideDependencies): void {
  const { served, request, now } = resolved;
  const { assignment, loaded } = outcome.chosen;
  if (loaded === null) return;
  const pacing = deps.pacing.of(served, assignment);
  if (pacing !== null) {
    pacing.observe(1 - event.probabilities[served.nullIndex]);
    deps.metrics.pacingFactor(event, event.variant, pacing.factor());
  }
  for (const cap of served.countedCaps) {
    if (cap.action === event.action) {
      deps.counters.add(surfaceKey(served.tenant, served.surface.name), cap, request.unitId, now);
    }
  }
}

export function count({ event, resolved }: Computed, deps: DecideDependencies): void {
  const { tenant, surface, policyVersion, variant, action, fallback, propensity } = event;
  deps.metrics.decisionServed({
    tenant,
    surface,
    policyVersion,
    variant,
    action,
    fallback,
    propensity,
    entropy: entropyOf(event.probabilities),
    durationMs: deps.stopwatch() - resolved.startedAt,
  });
  for (const feature of event.defaultedFeatures) deps.metrics.featureDefaulted(event, feature);
}
