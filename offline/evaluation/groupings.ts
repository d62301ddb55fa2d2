import { AllotError } from '../../src/core/errors.ts';
import type { Grouping } from '../../src/core/ope/by-group.ts';
import type { FeatureSpec, FeatureValue, Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';

/**
 * The surface's activity groups, then the segments: a categorical or boolean feature each. Both were known before the
 * decision. A defaulted value is its own segment, because it says that nobody knew.
 *
 * Refuses (`invalid_request`) a segment that is not a categorical or boolean feature of the surface.
 */
export function groupingsOf(dataset: Dataset, surface: Surface, segments: readonly string[]): Grouping[] {
  const groups =
    surface.groups === null ? [] : [{ name: 'group', index: dataset.groups, labels: surface.groups.names }];
  return [...groups, ...segments.map((name) => segmentOf(dataset, surface, name))];
}

function segmentOf(dataset: Dataset, surface: Surface, name: string): Grouping {
  const labels = valuesOf(surface.features.find((feature) => feature.name === name));
  if (labels === null) {
    throw new AllotError(
      'invalid_request',
      `${name} is not a categorical or boolean feature of ${surface.name}: segments are made of those`,
    );
  }
  const index = Int32Array.from({ length: dataset.rows }, (_, row) =>
    dataset.defaulted[row].includes(name)
      ? labels.length
      : labels.indexOf(labelOf(dataset.features[row][name])),
  );
  return { name, index, labels: [...labels, 'unknown'] };
}

/** A categorical or boolean value as its label. */
export const labelOf = (value: FeatureValue): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

function valuesOf(feature: FeatureSpec | undefined): readonly string[] | null {
  if (feature?.type === 'categorical') return feature.values;
  return feature?.type === 'boolean' ? ['false', 'true'] : null;
}
