import type { FeatureValue, SequenceEvent } from '../surface/surface.ts';
import type { EncodedFeature, EncodedField } from './artifact.ts';
import { hashSlot, UNKNOWN_SLOT } from './feature-hash.ts';
import { eventWidth, fieldWidth } from './input-layout.ts';

/** Writes a value into an input that was filled with zeros. */
export type WriteValue = (value: FeatureValue, out: Float32Array) => unknown;

/** The encoder of a feature whose inputs an embedding reads, with its first input at `at`; null: of another kind. */
export function compileOpenFeature(input: EncodedFeature, at: number): WriteValue | null {
  switch (input.kind) {
    case 'hashed':
      return (value, out) => (out[at] = hashSlot(value as string | number, input.buckets));
    case 'categorical-index': {
      const slots = slotsOf(input.values);
      return (value, out) => (out[at] = slots.get(value as string) ?? UNKNOWN_SLOT);
    }
    case 'sequence':
      return compileSequence(input, at);
    default:
      return null;
  }
}

/**
 * The encoder of a sequence at `at`: slot 0 is the newest event, which stands last in the value; of more than `length` events
 * the newest are taken. What is not a list gives no events.
 */
function compileSequence(
  { length, fields }: Extract<EncodedFeature, { kind: 'sequence' }>,
  at: number,
): WriteValue {
  const width = eventWidth(fields);
  const writers = fields.map(compileField);
  const offsets = fields.map((_, f) => eventWidth(fields.slice(0, f)));
  return (value, out) => {
    if (!Array.isArray(value)) return;
    const events = value as readonly SequenceEvent[];
    const count = Math.min(events.length, length);
    for (let age = 0; age < count; age++) {
      const event = events[events.length - 1 - age];
      const start = at + age * width;
      out[start] = 1 / (1 + age);
      for (let f = 0; f < writers.length; f++) writers[f](event, start + offsets[f], out);
    }
  };
}

type WriteField = (event: SequenceEvent, at: number, out: Float32Array) => void;

function compileField(field: EncodedField): WriteField {
  const encode = fieldEncoder(field);
  const name = field.field;
  const fallback = field.default === undefined ? missing(field) : encode(field.default);
  const indicator = fieldWidth(field) - 1;
  return (event, at, out) => {
    const value = event[name] as number | string | undefined;
    if (value !== undefined) {
      out[at] = encode(value);
      return;
    }
    out[at] = fallback;
    out[at + indicator] = indicator === 1 ? 1 : fallback;
  };
}

/** Of a field that has no default, yet is not there: the training mean, or the unknown slot. */
const missing = (field: EncodedField): number => (field.kind === 'numeric' ? 0 : UNKNOWN_SLOT);

function fieldEncoder(field: EncodedField): (value: number | string) => number {
  if (field.kind === 'hashed') return (value) => hashSlot(value, field.buckets);
  if (field.kind === 'categorical-index') {
    const slots = slotsOf(field.values);
    return (value) => slots.get(String(value)) ?? UNKNOWN_SLOT;
  }
  const { mean, std } = field;
  const isLog = field.transform === 'log1p';
  return (value) => {
    const x = isLog ? Math.log1p(Math.max(Number(value), 0)) : Number(value);
    return (x - mean) / std;
  };
}

/** Slot of a category in an embedding: after the unknown one. */
const slotsOf = (values: readonly string[]): ReadonlyMap<string, number> =>
  new Map(values.map((value, i) => [value, i + 1]));
