import { joinResponses, type JoinedResponses } from '../../src/core/feedback/join.ts';
import { canonicalFeatures } from '../../src/core/surface/canonical-features.ts';
import { groupIndex } from '../../src/core/surface/groups.ts';
import { SESSION_CLOSED, type Surface } from '../../src/core/surface/surface.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';
import type { HealthCounter } from './log-health.ts';
import type { SnapshotRow } from './row.ts';

export interface RowRules {
  readonly surface: Surface;
  readonly asOf: number;
  readonly sessionGapMs: number;
  /** null: every behaviour version. */
  readonly behaviorVersions: ReadonlySet<string> | null;
}

interface Candidate {
  readonly record: DecisionRecord;
  readonly joined: JoinedResponses;
  readonly exposedAt: number;
  readonly session: Session;
}

interface Session {
  readonly isClosed: boolean;
  /** The unit came back in a later session, or stayed away longer than the gap. */
  readonly isOver: boolean;
}

/**
 * All rows of one unit, from all its records in any order: repeats, foreign, undelivered and immature decisions left
 * out and counted; the rest in the order in which the unit really met them (first exposure), session by session.
 */
export function rowsOfUnit(
  records: readonly DecisionRecord[],
  rules: RowRules,
  health: HealthCounter,
): SnapshotRow[] {
  const known = withoutTwins(
    withoutRepeats(records, health).filter((r) => isOurs(r, rules, health)),
    health,
  );
  const rows: SnapshotRow[] = [];
  for (const { members, session } of sessionsOf(known, rules)) {
    const kept = members
      .map((record) => candidate(record, session, rules))
      .filter((c) => isKept(c, health))
      .sort(byExposure);
    kept.forEach((c, i) => rows.push(rowOf(c, kept[i + 1], rules.surface)));
  }
  return rows;
}

function withoutRepeats(records: readonly DecisionRecord[], health: HealthCounter): DecisionRecord[] {
  const byId = new Map<string, DecisionRecord>();
  for (const record of records) {
    health.decisions += 1;
    if (byId.has(record.decision.decisionId)) health.duplicates += 1;
    else byId.set(record.decision.decisionId, record);
  }
  return [...byId.values()].sort(byDecision);
}

/** Two delivered answers to one request cannot both be what the unit saw: neither trains. */
function withoutTwins(records: readonly DecisionRecord[], health: HealthCounter): DecisionRecord[] {
  const answers = new Map<string, { all: number; delivered: number }>();
  for (const { decision, exposures } of records) {
    const { all, delivered } = answers.get(decision.requestId) ?? { all: 0, delivered: 0 };
    answers.set(decision.requestId, { all: all + 1, delivered: delivered + (exposures.length > 0 ? 1 : 0) });
  }
  return records.filter(({ decision, exposures }) => {
    const { all, delivered } = answers.get(decision.requestId) ?? { all: 0, delivered: 0 };
    const isTwin = exposures.length > 0 && delivered > 1;
    if (isTwin) health.twins += 1;
    if (exposures.length === 0 && all > 1) health.undeliveredTwins += 1;
    return !isTwin;
  });
}

function isOurs({ decision }: DecisionRecord, rules: RowRules, health: HealthCounter): boolean {
  const { surface, behaviorVersions } = rules;
  const isOurs =
    decision.schemaVersion === surface.schemaVersion &&
    surface.actions.includes(decision.action) &&
    (behaviorVersions === null || behaviorVersions.has(decision.policyVersion ?? ''));
  if (!isOurs) health.foreign += 1;
  return isOurs;
}

/** By session id, else by a gap; `isOver` is judged against the unit's next session and the time of the snapshot. */
function sessionsOf(
  records: readonly DecisionRecord[],
  rules: RowRules,
): { readonly members: DecisionRecord[]; readonly session: Session }[] {
  const groups = new Map<string, DecisionRecord[]>();
  let anonymous = 0;
  let lastAnonymousAt = -Infinity;
  for (const record of records) {
    const { sessionId, decidedAt } = record.decision;
    if (sessionId === null) {
      if (decidedAt - lastAnonymousAt > rules.sessionGapMs) anonymous += 1;
      lastAnonymousAt = decidedAt;
    }
    const key = sessionId === null ? `gap ${anonymous}` : `id ${sessionId}`;
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [record]);
    else members.push(record);
  }
  const sessions = [...groups.values()];
  return sessions.map((members, i) => {
    const lastAt = members[members.length - 1].decision.decidedAt;
    const isClosed = members.some((m) => m.interactions.some((event) => event.type === SESSION_CLOSED));
    const isOver = isClosed || i < sessions.length - 1 || rules.asOf - lastAt > rules.sessionGapMs;
    return { members, session: { isClosed, isOver } };
  });
}

function candidate(record: DecisionRecord, session: Session, rules: RowRules): Candidate {
  const exposedAt = record.exposures.reduce((first, e) => Math.min(first, e.occurredAt), Infinity);
  const joined = joinResponses(rules.surface, record, rules.asOf, session.isClosed);
  return { record, joined, exposedAt, session };
}

function isKept({ record, joined }: Candidate, health: HealthCounter): boolean {
  health.lateEvents += joined.lateEvents;
  if (!joined.isDelivered) {
    health.undelivered += 1;
    if (!joined.isMature) health.pending += 1;
  } else if (!joined.isMature) health.immature += 1;
  else {
    if (!joined.isComplete) health.incomplete += 1;
    health.observe(record);
    return true;
  }
  return false;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byDecision = (a: DecisionRecord, b: DecisionRecord): number =>
  a.decision.decidedAt - b.decision.decidedAt || byText(a.decision.decisionId, b.decision.decisionId);

const byExposure = (a: Candidate, b: Candidate): number =>
  a.exposedAt - b.exposedAt || byDecision(a.record, b.record);

function rowOf(
  { record, joined, session }: Candidate,
  next: Candidate | undefined,
  surface: Surface,
): SnapshotRow {
  const { decision } = record;
  const named = surface.groups?.names.indexOf(decision.group ?? '') ?? -1;
  const hasNext = next !== undefined;
  return {
    decisionId: decision.decisionId,
    requestId: decision.requestId,
    unitId: decision.unitId,
    sessionId: decision.sessionId,
    decidedAt: decision.decidedAt,
    features: canonicalFeatures(surface.features, decision.features),
    defaulted: [...decision.defaultedFeatures].sort(byText),
    group: named >= 0 ? named : groupIndex(surface.groups, decision.features, decision.defaultedFeatures),
    eligible: feasibleActions(decision, surface),
    action: surface.actions.indexOf(decision.action),
    propensity: decision.propensity,
    probabilities: decision.probabilities,
    policyVersion: decision.policyVersion,
    experiment: decision.experiment,
    variant: decision.variant,
    isForced: decision.isForced,
    isComplete: joined.isComplete,
    responses: surface.responses.map(({ name }) => joined.responses[name] ?? null),
    hasNext,
    done: !hasNext && session.isOver,
    truncated: !hasNext && !session.isOver,
  };
}

/**
 * What the caller allowed, without what the service's own counters had capped: any policy would have met the same
 * counters, as far as this decision goes. Caps on features are not taken out here; whoever values a policy applies
 * them again from the features.
 */
function feasibleActions(decision: DecisionRecord['decision'], surface: Surface): boolean[] {
  const applied = new Set(decision.adjustments.map(({ kind, name }) => (kind === 'cap' ? name : undefined)));
  const counted = surface.caps.filter(({ name, rule }) => rule.kind === 'unit-window' && applied.has(name));
  return surface.actions.map(
    (action) => decision.eligibleActions.includes(action) && !counted.some((cap) => cap.action === action),
  );
}
