import type { Violation } from '../errors.ts';
import { vocabularyOf } from './check-sequences.ts';
import type { FeatureSpec, HashedSpec, ResponseSpec, Surface } from './surface.ts';
import { Violations } from './violations.ts';

/**
 * Changes of a declaration under which old artifacts, callers or logged rows would come to mean something else; they
 * need a higher `schemaVersion`. Empty when `next` has one. Compatible without: wider ranges, more categories at the end,
 * longer sequences, a new feature or field of an event with a default, a new response, and everything about floor, caps, pacing, constraints and gate.
 */
export function breakingChanges(previous: Surface, next: Surface): Violation[] {
  const found = new Violations();
  if (next.schemaVersion > previous.schemaVersion) return found.list;
  found.need(
    next.schemaVersion === previous.schemaVersion,
    'schemaVersion',
    `is at least ${previous.schemaVersion}, the declared one`,
    next.schemaVersion,
  );
  found.need(next.name === previous.name, 'name', 'stays the same', next.name);
  keeps(found, 'actions', previous.actions, next.actions);
  keeps(found, 'nullAction', previous.nullAction, next.nullAction);
  keeps(found, 'groups', previous.groups, next.groups);
  keeps(found, 'horizon', previous.horizon, next.horizon);
  keeps(found, 'completeness', previous.completeness, next.completeness);
  compareFeatures(found, previous, next);
  compareResponses(found, previous, next);
  return found.list;
}

const NEEDS_VERSION = 'needs a higher schemaVersion';

function keeps(found: Violations, field: string, before: unknown, after: unknown): void {
  found.need(isSame(before, after), field, `changed, which ${NEEDS_VERSION}`, after);
}

/** Deep equality of JSON values, whatever the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && isSame(a[key as keyof typeof a], b[key as keyof typeof b]),
  );
}

function compareFeatures(found: Violations, previous: Surface, next: Surface): void {
  const after = new Map(next.features.map((feature) => [feature.name, feature]));
  for (const before of previous.features) {
    const rule = featureBreak(before, after.get(before.name));
    found.need(rule === null, `features.${before.name}`, `${rule}, which ${NEEDS_VERSION}`);
    after.delete(before.name);
  }
  for (const [name, added] of after) {
    const isOptional = added.default !== undefined;
    found.need(isOptional, `features.${name}`, `was added without a default, which ${NEEDS_VERSION}`);
  }
}

function featureBreak(before: FeatureSpec, after: FeatureSpec | undefined): string | null {
  if (after === undefined) return 'was removed';
  if (after.type !== before.type) return 'changed its type';
  if (before.default !== undefined && !isSame(before.default, after.default)) return 'changed its default';
  if (before.type === 'hashed' && after.type === 'hashed') return hashBreak(before, after);
  if (before.type === 'sequence' && after.type === 'sequence') return sequenceBreak(before, after);
  return valueBreak(before, after);
}

function valueBreak(before: FeatureSpec, after: FeatureSpec): string | null {
  if (before.type === 'categorical' && after.type === 'categorical') {
    const isPrefix = before.values.every((value, i) => after.values[i] === value);
    return isPrefix ? null : 'lost or reordered values';
  }
  if (before.type === 'vector' && after.type === 'vector' && before.length !== after.length) {
    return 'changed its length';
  }
  if ('min' in before && 'min' in after && (after.min > before.min || after.max < before.max)) {
    return 'narrowed its range';
  }
  return null;
}

function hashBreak(before: HashedSpec, after: HashedSpec): string | null {
  if (before.buckets !== after.buckets) return 'changed its buckets';
  return vocabularyOf(before) === vocabularyOf(after) ? null : 'changed its vocabulary';
}

type SequenceSpec = Extract<FeatureSpec, { type: 'sequence' }>;

function sequenceBreak(before: SequenceSpec, after: SequenceSpec): string | null {
  if (after.length < before.length) return 'became shorter';
  for (const field of before.fields) {
    const next = after.fields.find(({ name }) => name === field.name);
    const rule = featureBreak(field, next);
    if (rule !== null) return `${rule} (field ${field.name})`;
  }
  const added = after.fields.filter((field) => before.fields.every(({ name }) => name !== field.name));
  const required = added.find((field) => field.default === undefined);
  return required === undefined ? null : `got a field without a default (${required.name})`;
}

function compareResponses(found: Violations, previous: Surface, next: Surface): void {
  const fields: readonly (keyof ResponseSpec)[] = [
    'role',
    'interaction',
    'aggregate',
    'unit',
    'min',
    'max',
    'windowSeconds',
    'default',
  ];
  for (const before of previous.responses) {
    const after = next.responses.find((response) => response.name === before.name);
    found.need(after !== undefined, `responses.${before.name}`, `was removed, which ${NEEDS_VERSION}`);
    if (after === undefined) continue;
    for (const field of fields)
      keeps(found, `responses.${before.name}.${field}`, before[field], after[field]);
  }
}
