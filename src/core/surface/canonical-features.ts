import type {
  FeatureSpec,
  FeatureValue,
  FeatureValues,
  SequenceEvent,
  SequenceFieldSpec,
} from './surface.ts';

/**
 * Features in the one form that a snapshot holds, whatever store they passed through: a hashed value as text, the fields of an
 * event in declared order. Values of other types stay as they are; without such features so does the object.
 */
export function canonicalFeatures(features: readonly FeatureSpec[], values: FeatureValues): FeatureValues {
  const open = features.filter(({ type }) => type === 'hashed' || type === 'sequence');
  if (open.length === 0) return values;
  const canonical: Record<string, FeatureValue> = { ...values };
  for (const spec of open) {
    const value = values[spec.name];
    if (value === undefined) continue;
    if (spec.type === 'sequence') {
      const events = value as readonly SequenceEvent[];
      canonical[spec.name] = events.map((event) => canonicalEvent(spec.fields, event));
    } else {
      const id = value as string | number;
      canonical[spec.name] = String(id);
    }
  }
  return canonical;
}

function canonicalEvent(fields: readonly SequenceFieldSpec[], event: SequenceEvent): SequenceEvent {
  const canonical: Record<string, number | string> = {};
  for (const { name, type } of fields) {
    if (!Object.hasOwn(event, name)) continue;
    canonical[name] = type === 'hashed' ? String(event[name]) : event[name];
  }
  return canonical;
}
