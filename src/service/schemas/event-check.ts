import type { LogEvent } from '../../core/feedback/events.ts';

/*
 * The common case of the grammar, by hand: a third of what ingest computes per event was zod (`bench/ingest.ts --profile`).
 * It may only say yes where the schema in `events.ts` does, which a test tries on mangled events; after a no, the schema
 * decides and names the field.
 */

/** False says nothing. */
export function isPlainEvent(raw: unknown): raw is LogEvent {
  if (!isObject(raw) || raw.v !== 1) return false;
  if (raw.kind === 'decision') return isPlainDecision(raw);
  if (raw.kind === 'exposure') return isText(raw.eventId) && isFeedback(raw);
  if (raw.kind === 'interaction')
    return isText(raw.eventId) && isFeedback(raw) && isText(raw.type) && isNumber(raw.value);
  return false;
}

/** Whether anything in it, itself included, lies in more than `depth` objects and lists. */
export const isNestedDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, depth - 1)));

type Fields = Readonly<Record<string, unknown>>;

const isFeedback = (e: Fields): boolean =>
  isText(e.tenant) && isText(e.decisionId) && isTime(e.occurredAt) && isTime(e.receivedAt);

const isPlainDecision = (e: Fields): boolean =>
  isText(e.decisionId) &&
  isText(e.tenant) &&
  isText(e.surface) &&
  Number.isSafeInteger(e.schemaVersion) &&
  (e.schemaVersion as number) >= 1 &&
  isText(e.requestId) &&
  isText(e.unitId) &&
  isStringOrNull(e.sessionId) &&
  isTime(e.decidedAt) &&
  isWhatWasAsked(e) &&
  isWhatWasServed(e) &&
  isByWhom(e);

const isWhatWasAsked = (e: Fields): boolean =>
  isObject(e.features) &&
  Object.values(e.features).every(isPlainFeature) &&
  isArrayOf(e.defaultedFeatures, isString) &&
  isStringOrNull(e.group) &&
  isArrayOf(e.eligibleActions, isText) &&
  (e.eligibleActions as unknown[]).length > 0;

const isWhatWasServed = (e: Fields): boolean =>
  isText(e.action) &&
  isProbability(e.propensity) &&
  e.propensity !== 0 &&
  isArrayOf(e.probabilities, isProbability) &&
  (e.draw === null || (isProbability(e.draw) && e.draw !== 1)) &&
  isArrayOf(e.adjustments, isAdjustment);

const isByWhom = (e: Fields): boolean =>
  isStringOrNull(e.policyVersion) &&
  isStringOrNull(e.experiment) &&
  isStringOrNull(e.variant) &&
  (e.block === null || Number.isSafeInteger(e.block)) &&
  (e.fallback === null || (typeof e.fallback === 'string' && fallbacks.has(e.fallback))) &&
  typeof e.isForced === 'boolean';

const fallbacks: ReadonlySet<string> = new Set([
  'champion',
  'last-good-champion',
  'safe-action',
  'unlogged',
  'killed',
]);
const adjustmentKinds: ReadonlySet<string> = new Set([
  'eligibility',
  'cap',
  'pacing',
  'exploration-floor',
  'kill-switch',
]);

const isAdjustment = (raw: unknown): boolean =>
  isObject(raw) &&
  typeof raw.kind === 'string' &&
  adjustmentKinds.has(raw.kind) &&
  (!('name' in raw) || isString(raw.name)) &&
  (!('factor' in raw) || isNumber(raw.factor)) &&
  isProbability(raw.nullBefore) &&
  isProbability(raw.nullAfter);

/** Sequences of objects are left to the schema. */
const isPlainFeature = (value: unknown): boolean =>
  typeof value === 'boolean' || isString(value) || isNumber(value) || isArrayOf(value, isNumber);

const isObject = (raw: unknown): raw is Fields =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);
const isString = (value: unknown): value is string => typeof value === 'string';
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isStringOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isProbability = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= 1;
const isTime = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isArrayOf = (value: unknown, is: (element: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(is);
