import { DECISION_ID_LENGTH } from './decision-id.ts';

/** No name is longer, and a record with more texts than this is no event of any version. */
const MAX_NAME_LENGTH = 256;
const MAX_TEXTS = 10_000;

/** Whose a record says it is. */
export interface RecordClaims {
  /** null: it does not say. */
  readonly tenant: string | null;
  readonly unitIds: readonly string[];
  readonly decisionIds: readonly string[];
}

/**
 * What a record that no version of the grammar can read says about its owner; null where it is not JSON, or nothing can be
 * told from so many texts. Where neither `unitId` nor `decisionId` is a name, each of its texts may be one.
 */
export function claimsOf(text: string): RecordClaims | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const record = (value ?? {}) as Partial<Record<'tenant' | 'unitId' | 'decisionId', unknown>>;
  const [tenant] = nameOf(record.tenant);
  const unitIds = nameOf(record.unitId);
  const decisionIds = nameOf(record.decisionId);
  const isTold = unitIds.length + decisionIds.length > 0;
  if (isTold) return { tenant: tenant ?? null, unitIds, decisionIds };
  const texts = textsOf(value);
  if (texts.length > MAX_TEXTS) return null;
  const decisions = texts.filter((one) => one.length === DECISION_ID_LENGTH);
  return { tenant: tenant ?? null, unitIds: texts, decisionIds: decisions };
}

/**
 * Keys and strings at any depth that a name may be, each once, until there are too many; with a list of what is left instead of
 * calls, as poison may be nested without end.
 */
function textsOf(value: unknown): string[] {
  const texts = new Set<string>();
  const note = (text: string): unknown => text.length <= MAX_NAME_LENGTH && texts.add(text);
  const left = [value];
  while (left.length > 0 && texts.size <= MAX_TEXTS) {
    const inner = left.pop();
    if (typeof inner === 'string') note(inner);
    if (typeof inner !== 'object' || inner === null) continue;
    for (const [key, one] of Object.entries(inner)) {
      if (!Array.isArray(inner)) note(key);
      left.push(one);
    }
  }
  return [...texts];
}

/** A number may be what the grammar refuses the record for. */
const nameOf = (value: unknown): string[] =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' ? [String(value)] : [];
