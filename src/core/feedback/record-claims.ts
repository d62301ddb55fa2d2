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
  const texts: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text, (key, inner: unknown) => {
      texts.push(key);
      if (typeof inner === 'string') texts.push(inner);
      return inner;
    });
  } catch {
    return null;
  }
  const record = (value ?? {}) as Partial<Record<'tenant' | 'unitId' | 'decisionId', unknown>>;
  const [tenant] = nameOf(record.tenant);
  const unitIds = nameOf(record.unitId);
  const decisionIds = nameOf(record.decisionId);
  const isTold = unitIds.length + decisionIds.length > 0;
  return {
    tenant: tenant ?? null,
    ...(isTold ? { unitIds, decisionIds } : { unitIds: texts, decisionIds: texts }),
  };
}

/** A number may be what the grammar refuses the record for. */
const nameOf = (value: unknown): string[] =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' ? [String(value)] : [];
