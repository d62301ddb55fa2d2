/** Whose a record says it is. */
export interface RecordClaims {
  /** null: it does not say. */
  readonly tenant: string | null;
  readonly unitIds: readonly string[];
  readonly decisionIds: readonly string[];
}

/**
 * What a record that no version of the grammar can read says about its owner; null where it is not JSON. Where neither
 * `unitId` nor `decisionId` is a name, each of its texts may be one.
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
  return { tenant: tenant ?? null, unitIds: texts, decisionIds: texts };
}

/** Keys and strings at any depth; with a list of what is left instead of calls, as poison may be nested without end. */
function textsOf(value: unknown): string[] {
  const texts: string[] = [];
  const left = [value];
  for (let inner = left.pop(); inner !== undefined; inner = left.pop()) {
    if (typeof inner === 'string') texts.push(inner);
    if (typeof inner !== 'object' || inner === null) continue;
    for (const [key, one] of Object.entries(inner)) {
      if (!Array.isArray(inner)) texts.push(key);
      left.push(one);
    }
  }
  return texts;
}

/** A number may be what the grammar refuses the record for. */
const nameOf = (value: unknown): string[] =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' ? [String(value)] : [];
