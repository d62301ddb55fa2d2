import { invariant } from '../check.ts';

/**
 * The sums of every unit, one column per term: the only thing that estimates, intervals and comparisons need. Flat in
 * the number of rows, and mergeable (the sums of two parts of a log add up to the sums of the whole).
 */
export interface UnitSums {
  readonly unitCount: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

/** Adds `term(i)` of every row to its unit. */
export function sumByUnit(units: Int32Array, unitCount: number, term: (i: number) => number): Float64Array {
  const sums = new Float64Array(unitCount);
  for (let i = 0; i < units.length; i++) sums[units[i]] += term(i);
  return sums;
}

/** Adds two parts of one log; both number their units alike and hold the same columns. */
export function mergeUnitSums(a: UnitSums, b: UnitSums): UnitSums {
  invariant(a.unitCount === b.unitCount, 'both parts number the same units');
  invariant(a.columns.size === b.columns.size, 'both parts hold the same columns');
  const columns = new Map<string, Float64Array>();
  for (const [name, left] of a.columns) {
    const right = b.columns.get(name);
    invariant(right !== undefined, `both parts hold the column ${name}`);
    columns.set(
      name,
      left.map((value, k) => value + right[k]),
    );
  }
  return { unitCount: a.unitCount, columns };
}
