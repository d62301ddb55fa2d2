/** Distinct, ascending. */
export const levelsOf = (...values: readonly number[]): number[] =>
  [...new Set(values)].sort((a, b) => a - b);

/** The levels around a value with weights that keep its mean; outside of the levels, the nearest one. */
export function interpolate(
  levels: readonly number[],
  value: number,
): readonly (readonly [level: number, weight: number])[] {
  const above = levels.findIndex((level) => level >= value);
  if (above === 0) return [[0, 1]];
  if (above < 0) return [[levels.length - 1, 1]];
  const weight = (value - levels[above - 1]) / (levels[above] - levels[above - 1]);
  return [
    [above - 1, 1 - weight],
    [above, weight],
  ];
}

/** Every combination of one index per dimension, the last dimension fastest. */
export const combinations = (sizes: readonly number[]): readonly (readonly number[])[] =>
  sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );

/** The place of a combination in that order. */
export const indexOf = (sizes: readonly number[], indices: readonly number[]): number =>
  sizes.reduce((index, size, d) => index * size + indices[d], 0);
