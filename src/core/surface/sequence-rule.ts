import type { FeatureSpec, SequenceFieldSpec } from './surface.ts';

type SequenceSpec = Extract<FeatureSpec, { type: 'sequence' }>;
type Rule = (value: unknown) => string | null;

/**
 * The check of a sequence: a list of at most `length` objects with the declared fields and no others. A longer one is refused, not
 * cut: what is logged is what was sent, and a caller who counts wrongly learns of it.
 */
export function compileSequenceRule(spec: SequenceSpec, ruleOf: (field: SequenceFieldSpec) => Rule): Rule {
  const names = new Set(spec.fields.map((field) => field.name));
  const fields = spec.fields.map((field) => ({
    name: field.name,
    isOptional: field.default !== undefined,
    broken: ruleOf(field),
  }));
  const eventRule = (event: unknown): string | null => {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return 'is an object';
    for (const { name, isOptional, broken } of fields) {
      if (!Object.hasOwn(event, name)) {
        if (isOptional) continue;
        return `field ${name} is required: it has no default`;
      }
      const rule = broken((event as Readonly<Record<string, unknown>>)[name]);
      if (rule !== null) return `field ${name} ${rule}`;
    }
    return Object.keys(event).every((key) => names.has(key)) ? null : 'has only declared fields';
  };
  return (value) => {
    if (!Array.isArray(value)) return 'is a list of events, newest last';
    if (value.length > spec.length) return `has at most ${spec.length} events`;
    for (let i = 0; i < value.length; i++) {
      const rule = eventRule(value[i]);
      if (rule !== null) return `event ${i} ${rule}`;
    }
    return null;
  };
}
