import { refuse, violation } from '../../core/check.ts';
import type { Violation } from '../../core/errors.ts';
import { isStorable, STORABLE_RULE } from '../../core/storable-text.ts';

/** A decision request whose shape has been checked; features are still as sent. */
export interface DecideRequest {
  readonly requestId: string;
  readonly surface: string;
  readonly unitId: string;
  readonly sessionId: string | null;
  readonly features: Readonly<Record<string, unknown>>;
  /** null: every action of the surface. */
  readonly eligibleActions: readonly string[] | null;
}

const known = new Set(['requestId', 'surface', 'unitId', 'sessionId', 'features', 'eligibleActions']);
const maxIdLength = 256;
/** A body of a million broken rules gets about this many complaints, and costs no more to refuse than they do. */
const MOST_VIOLATIONS = 20;

/** The rule that every identifier of a caller obeys; undefined where it holds. */
export function brokenIdRule(value: unknown): string | undefined {
  if (typeof value !== 'string') return value === undefined ? 'is required' : 'must be a string';
  if (value.length === 0 || value.length > maxIdLength)
    return `must have 1 to ${String(maxIdLength)} characters`;
  return isStorable(value) ? undefined : `must be ${STORABLE_RULE}`;
}

/**
 * Checks the shape by hand and not by zod: this runs on every decision, and it collects every broken rule in one
 * pass. `decideRequestSchema` in `service/schemas` describes the same grammar for OpenAPI; a test compares them.
 */
export function checkDecideRequest(body: unknown): DecideRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    refuse('invalid_request', [violation('', 'must be a JSON object', body)]);
  }
  const sent = body as Record<string, unknown>;
  const violations: Violation[] = [];
  for (const field in sent) {
    if (known.has(field)) continue;
    violations.push(violation(field, 'is not a known field', sent[field]));
    if (violations.length >= MOST_VIOLATIONS) break;
  }
  checkId(sent, 'requestId', violations);
  checkId(sent, 'surface', violations);
  checkId(sent, 'unitId', violations);
  if (sent.sessionId !== undefined && sent.sessionId !== null) checkId(sent, 'sessionId', violations);
  const features = sent.features === undefined ? {} : sent.features;
  if (typeof features !== 'object' || features === null || Array.isArray(features)) {
    violations.push(violation('features', 'must be an object of feature values', features));
  }
  checkEligibleShape(sent.eligibleActions, violations);
  refuse('invalid_request', violations);
  return {
    requestId: sent.requestId as string,
    surface: sent.surface as string,
    unitId: sent.unitId as string,
    sessionId: (sent.sessionId as string | null | undefined) ?? null,
    features: features as Record<string, unknown>,
    eligibleActions: (sent.eligibleActions as string[] | undefined) ?? null,
  };
}

function checkId(sent: Record<string, unknown>, field: string, violations: Violation[]): void {
  const rule = brokenIdRule(sent[field]);
  if (rule !== undefined) violations.push(violation(field, rule, sent[field]));
}

function checkEligibleShape(eligible: unknown, violations: Violation[]): void {
  if (eligible === undefined) return;
  if (!Array.isArray(eligible)) {
    violations.push(violation('eligibleActions', 'must be an array of action names', eligible));
  } else if (eligible.length === 0) {
    violations.push(violation('eligibleActions', 'must name at least one action', '[]'));
  }
}

/** Marks the eligible actions in the surface's order; the null action is always feasible. */
export function readEligible(
  eligible: readonly unknown[] | null,
  actionIndex: ReadonlyMap<string, number>,
  nullIndex: number,
): boolean[] {
  const marks = new Array<boolean>(actionIndex.size).fill(eligible === null);
  if (eligible !== null) mark(marks, eligible, actionIndex);
  marks[nullIndex] = true;
  return marks;
}

function mark(
  marks: boolean[],
  eligible: readonly unknown[],
  actionIndex: ReadonlyMap<string, number>,
): void {
  if (eligible.length > marks.length) {
    const rule = `must name at most the ${String(marks.length)} actions of the surface`;
    refuse('invalid_request', [violation('eligibleActions', rule, eligible.length)]);
  }
  const violations: Violation[] = [];
  for (let i = 0; i < eligible.length && violations.length < MOST_VIOLATIONS; i += 1) {
    const action = eligible[i];
    const index = typeof action === 'string' ? actionIndex.get(action) : undefined;
    const rule = index === undefined ? 'must be an action of the surface' : 'must not repeat an action';
    if (index === undefined || marks[index]) {
      violations.push(violation(`eligibleActions[${String(i)}]`, rule, action));
    } else marks[index] = true;
  }
  refuse('invalid_request', violations);
}
