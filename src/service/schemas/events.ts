import { z } from 'zod';
import { AllotError, type Violation } from '../../core/errors.ts';
import { violation } from '../../core/check.ts';
import type { DecisionEvent, ExposureEvent, InteractionEvent, LogEvent } from '../../core/feedback/events.ts';
import { isNestedDeeper, isPlainEvent } from './event-check.ts';

/*
 * The event grammar, version 1, in the order of `core/feedback/events.ts`. Objects are loose on purpose: a field
 * that this version does not know is kept and passed on, so a newer producer may run before its consumers.
 * `docs/events/v1.schema.json` is generated from here; a test keeps it true.
 */
const text = z.string().min(1);
const time = z.int().min(0).describe('milliseconds since the epoch, UTC');
const probability = z.number().min(0).max(1);
const sequenceEvent = z.record(z.string(), z.union([z.number(), z.string()]));
const featureValue = z.union([
  z.number(),
  z.string(),
  z.boolean(),
  z.array(z.number()),
  z.array(sequenceEvent),
]);

const adjustment = z.looseObject({
  kind: z.enum(['eligibility', 'cap', 'pacing', 'exploration-floor', 'kill-switch']),
  name: z.string().exactOptional(),
  factor: z.number().exactOptional(),
  nullBefore: probability,
  nullAfter: probability,
});

const decision = z.looseObject({
  v: z.literal(1),
  kind: z.literal('decision'),
  decisionId: text,
  tenant: text,
  surface: text,
  schemaVersion: z.int().min(1),
  requestId: text,
  unitId: text,
  sessionId: z.string().nullable(),
  decidedAt: time,
  features: z.record(z.string(), featureValue),
  defaultedFeatures: z.array(z.string()),
  group: z.string().nullable(),
  eligibleActions: z.array(text).min(1),
  action: text,
  propensity: z.number().gt(0).max(1).describe('probability of `action` as finally served'),
  probabilities: z
    .array(probability)
    .describe('as finally served; empty where an imported log does not tell'),
  draw: z.number().min(0).lt(1).nullable(),
  policyVersion: z.string().nullable(),
  experiment: z.string().nullable(),
  variant: z.string().nullable(),
  block: z.int().nullable(),
  adjustments: z.array(adjustment),
  fallback: z.enum(['champion', 'last-good-champion', 'safe-action', 'unlogged', 'killed']).nullable(),
  isForced: z.boolean(),
});

const feedback = { tenant: text, decisionId: text, occurredAt: time, receivedAt: time };

const exposure = z.looseObject({ v: z.literal(1), kind: z.literal('exposure'), eventId: text, ...feedback });

const interaction = z.looseObject({
  v: z.literal(1),
  kind: z.literal('interaction'),
  eventId: text,
  ...feedback,
  type: text,
  value: z.number(),
});

export const eventSchema = z.discriminatedUnion('kind', [decision, exposure, interaction]);

/**
 * A reader for every version that was ever written: it gives the event in today's form. A new version adds a
 * schema and turns the old reader into a conversion; none is ever taken away.
 */
const readers: ReadonlyMap<unknown, (raw: unknown) => LogEvent> = new Map([[1, readVersion1]]);

function readVersion1(raw: unknown): LogEvent {
  if (!isPlainEvent(raw)) {
    const { error } = eventSchema.safeParse(raw);
    if (error !== undefined)
      throw refusal(error.issues.map(({ path, message }) => violation(path.join('.'), message)));
  }
  // The input itself, not zod's copy: the same fields, unknown ones included, in the order they came.
  const event = raw as LogEvent;
  if (mayHoldUnknown(event) && isNestedDeeper(event, MAX_DEPTH))
    throw refusal([violation('', `is nested at most ${String(MAX_DEPTH)} deep`)]);
  return event;
}

/** JSON is read at any depth but written by recursion: what is nested too deep could never be stored, only tried for ever. */
const MAX_DEPTH = 32;
const fieldCounts = {
  decision: Object.keys(decision.shape).length,
  exposure: Object.keys(exposure.shape).length,
  interaction: Object.keys(interaction.shape).length,
};

/** Fields that the grammar knows are flat; those it does not know may stand beside them and inside adjustments. */
const mayHoldUnknown = (event: LogEvent): boolean =>
  Object.keys(event).length > fieldCounts[event.kind] ||
  (event.kind === 'decision' && event.adjustments.length > 0);

function refusal(violations: readonly Violation[]): AllotError {
  const first = violations[0];
  return new AllotError('invalid_request', `event: ${first.field || 'the record'}: ${first.rule}`, {
    violations,
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The event in a record's bytes. Refuses with `invalid_json` or `invalid_request`, saying which field and rule. */
export function parseEvent(bytes: Uint8Array): LogEvent {
  let raw: unknown;
  try {
    raw = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new AllotError('invalid_json', 'event: the record is not JSON in UTF-8', { cause });
  }
  const version = typeof raw === 'object' && raw !== null ? (raw as { readonly v?: unknown }).v : undefined;
  const read = readers.get(version);
  if (read !== undefined) return read(raw);
  throw refusal([violation('v', `one of ${[...readers.keys()].join(', ')}`, version)]);
}

export function serializeEvent(event: LogEvent): Uint8Array {
  return Buffer.from(JSON.stringify(event));
}

// What the grammar lets through has the type that core declares, or this does not compile.
type Is<A extends B, B> = A;
export type GrammarIsCore = [
  Is<z.output<typeof decision>, DecisionEvent>,
  Is<z.output<typeof exposure>, ExposureEvent>,
  Is<z.output<typeof interaction>, InteractionEvent>,
];
