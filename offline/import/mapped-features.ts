import { ruleOf } from '../../src/core/surface/features.ts';
import type { FeatureSpec, SequenceEvent, SequenceFieldSpec } from '../../src/core/surface/surface.ts';
import { cellError } from './cells.ts';
import type { Mapping } from './mapping.ts';
import type { SourceRow } from './rows.ts';

type MappedFeature = Mapping['features'][string];
type MappedSequence = Extract<MappedFeature, { type: 'sequence' }>;
type MappedField = MappedSequence['fields'][string];

/** The surface's feature behind a mapped column. */
export function mappedFeature(name: string, spec: MappedFeature): FeatureSpec {
  if (spec.type === 'boolean') return { name, type: 'boolean' };
  return spec.type === 'sequence' ? sequenceOf(name, spec) : fieldOf(name, spec);
}

function fieldOf(name: string, spec: MappedField): SequenceFieldSpec {
  if (spec.type === 'numeric') return { name, type: 'numeric', min: spec.min, max: spec.max };
  if (spec.type === 'categorical') return { name, type: 'categorical', values: spec.values };
  const { buckets, vocabulary } = spec;
  return { name, type: 'hashed', buckets, ...(vocabulary === undefined ? {} : { vocabulary }) };
}

function sequenceOf(name: string, { length, fields }: MappedSequence): FeatureSpec {
  const specs = Object.entries(fields).map(([field, spec]) => fieldOf(field, spec));
  return { name, type: 'sequence', length, fields: specs };
}

const readers = new WeakMap<MappedSequence, (row: SourceRow) => readonly SequenceEvent[]>();

/** Reads a cell of JSON by the rule that a decision's features keep. */
export function sequenceReader(spec: MappedSequence): (row: SourceRow) => readonly SequenceEvent[] {
  const known = readers.get(spec);
  if (known !== undefined) return known;
  const broken = ruleOf(sequenceOf('events', spec));
  const reader = (row: SourceRow): readonly SequenceEvent[] => {
    const events = parsed(row, spec.column);
    const rule = broken(events);
    if (rule !== null) throw cellError(row, spec.column, rule);
    return events as readonly SequenceEvent[];
  };
  readers.set(spec, reader);
  return reader;
}

function parsed(row: SourceRow, column: string): unknown {
  try {
    return JSON.parse(row.values[column] ?? '[]');
  } catch {
    throw cellError(row, column, 'is a list of events as JSON');
  }
}
