import { isName, NAME_RULE } from './names.ts';
import type { FeatureSpec, HashedSpec } from './surface.ts';
import type { Violations } from './violations.ts';

/** The longest sequence that a surface or an artifact may hold. */
export const LONGEST_SEQUENCE = 512;
const MOST_FIELDS = 32;
const MOST_BUCKETS = 1_000_000;
const FIELD_TYPES: readonly FeatureSpec['type'][] = ['numeric', 'categorical', 'hashed'];

type SequenceSpec = Extract<FeatureSpec, { type: 'sequence' }>;
type CheckFeature = (feature: FeatureSpec, field: string, found: Violations) => void;

export function checkHashed({ buckets, vocabulary }: HashedSpec, field: string, found: Violations): void {
  const isCount = Number.isInteger(buckets) && buckets >= 2 && buckets <= MOST_BUCKETS;
  found.need(isCount, `${field}.buckets`, `is a whole number from 2 to ${MOST_BUCKETS}`, buckets);
  const isNamed = vocabulary === undefined || isName(vocabulary);
  found.need(isNamed, `${field}.vocabulary`, NAME_RULE, vocabulary);
}

/** A sequence: its length, and fields that are numeric, categorical or hashed and keep the rules of such features. */
export function checkSequence(
  { length, fields }: SequenceSpec,
  field: string,
  found: Violations,
  checkFeature: CheckFeature,
): void {
  const isLength = Number.isInteger(length) && length >= 1 && length <= LONGEST_SEQUENCE;
  found.need(isLength, `${field}.length`, `is a whole number from 1 to ${LONGEST_SEQUENCE}`, length);
  const isCount = fields.length >= 1 && fields.length <= MOST_FIELDS;
  found.need(isCount, `${field}.fields`, `has 1 to ${MOST_FIELDS} fields`, fields.length);
  found.needDistinct(
    fields.map(({ name }) => name),
    `${field}.fields`,
  );
  fields.forEach((spec, i) => {
    const at = `${field}.fields[${i}]`;
    found.need(
      FIELD_TYPES.includes(spec.type),
      `${at}.type`,
      `is one of ${FIELD_TYPES.join(', ')}`,
      spec.type,
    );
    checkFeature(spec, at, found);
  });
}

export const vocabularyOf = ({ name, vocabulary }: HashedSpec): string => vocabulary ?? name;

/** What shares a vocabulary shares the slots of its hash. */
export function checkVocabularies(features: readonly FeatureSpec[], found: Violations): void {
  const buckets = new Map<string, number>();
  const check = (spec: HashedSpec, field: string): void => {
    const vocabulary = vocabularyOf(spec);
    const known = buckets.get(vocabulary) ?? spec.buckets;
    const rule = `is ${known}, as elsewhere in the vocabulary ${vocabulary}`;
    found.need(known === spec.buckets, `${field}.buckets`, rule, spec.buckets);
    buckets.set(vocabulary, known);
  };
  features.forEach((feature, i) => {
    if (feature.type === 'hashed') check(feature, `features[${i}]`);
    if (feature.type !== 'sequence') return;
    feature.fields.forEach((field, f) => {
      if (field.type === 'hashed') check(field, `features[${i}].fields[${f}]`);
    });
  });
}
