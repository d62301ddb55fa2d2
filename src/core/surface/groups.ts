import type { FeatureValues, GroupSpec } from './surface.ts';

/** Group 0: the feature is missing or its default was filled in. */
export const UNKNOWN_GROUP = 0;

/** Index of a unit's activity group, see `GroupSpec`; 0 where the surface has no groups. Never throws. */
export function groupIndex(
  groups: GroupSpec | null,
  values: FeatureValues,
  defaulted: readonly string[],
): number {
  if (groups === null || (defaulted.length > 0 && defaulted.includes(groups.feature))) return UNKNOWN_GROUP;
  const value = values[groups.feature];
  if (typeof value !== 'number' || Number.isNaN(value)) return UNKNOWN_GROUP;
  let index = 1;
  while (index <= groups.bounds.length && value >= groups.bounds[index - 1]) index += 1;
  return index;
}

/** Name of the group, null where the surface has no groups. */
export function groupName(
  groups: GroupSpec | null,
  values: FeatureValues,
  defaulted: readonly string[],
): string | null {
  return groups === null ? null : groups.names[groupIndex(groups, values, defaulted)];
}
