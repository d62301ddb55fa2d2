import { ruleOf } from './features.ts';
import { checkHashed, checkSequence, checkVocabularies } from './check-sequences.ts';
import { isName, NAME_RULE } from './names.ts';
import type { FeatureSpec, GroupSpec, Surface } from './surface.ts';
import type { Violations } from './violations.ts';

const MOST_FEATURES = 1000;
const LONGEST_VECTOR = 4096;
const MOST_VALUES = 10_000;
const LONGEST_VALUE = 128;

/** Features: names, ranges, categories, defaults that keep their own rule. */
export function checkFeatures(surface: Surface, found: Violations): void {
  const { features } = surface;
  found.need(features.length <= MOST_FEATURES, 'features', `are at most ${MOST_FEATURES}`, features.length);
  found.needDistinct(
    features.map((feature) => feature.name),
    'features',
  );
  features.forEach((feature, i) => checkFeature(feature, `features[${i}]`, found));
  checkVocabularies(features, found);
  if (surface.groups !== null) checkGroups(surface.groups, features, found);
}

function checkFeature(feature: FeatureSpec, field: string, found: Violations): void {
  found.need(isName(feature.name), `${field}.name`, NAME_RULE, feature.name);
  if (feature.type === 'categorical') {
    const { values } = feature;
    const isFitting = values.length > 0 && values.length <= MOST_VALUES;
    found.need(isFitting, `${field}.values`, `has 1 to ${MOST_VALUES} values`, values.length);
    found.needDistinct(values, `${field}.values`);
    const unfit = values.find((value) => value.length === 0 || value.length > LONGEST_VALUE);
    found.need(unfit === undefined, `${field}.values`, `are 1–${LONGEST_VALUE} characters`, unfit);
  }
  if (feature.type === 'numeric' || feature.type === 'vector') {
    const isRange = Number.isFinite(feature.min) && Number.isFinite(feature.max) && feature.min < feature.max;
    found.need(isRange, `${field}.min`, 'is finite and below max', `${feature.min} … ${feature.max}`);
  }
  if (feature.type === 'vector') {
    const { length } = feature;
    const isLength = Number.isInteger(length) && length >= 1 && length <= LONGEST_VECTOR;
    found.need(isLength, `${field}.length`, `is a whole number from 1 to ${LONGEST_VECTOR}`, length);
  }
  if (feature.type === 'hashed') checkHashed(feature, field, found);
  if (feature.type === 'sequence') checkSequence(feature, field, found, checkFeature);
  if (feature.default !== undefined) {
    const rule = ruleOf(feature)(feature.default);
    found.need(rule === null, `${field}.default`, rule ?? '', feature.default);
  }
}

/** Groups cut one numeric feature at increasing bounds; names are one for "unknown" and one for each interval. */
function checkGroups(groups: GroupSpec, features: readonly FeatureSpec[], found: Violations): void {
  const { feature, bounds, names } = groups;
  const isNumeric = features.find((f) => f.name === feature)?.type === 'numeric';
  found.need(isNumeric, 'groups.feature', 'is a declared numeric feature', feature);
  const isIncreasing = bounds.every((b, i) => Number.isFinite(b) && (i === 0 || b > bounds[i - 1]));
  found.need(isIncreasing, 'groups.bounds', 'are finite and increasing', bounds.join(', '));
  const count = bounds.length + 2;
  found.need(names.length === count, 'groups.names', `has bounds + 2 = ${count} names`, names.length);
  found.needDistinct(names, 'groups.names');
  for (const name of names) found.need(isName(name), 'groups.names', NAME_RULE, name);
}
