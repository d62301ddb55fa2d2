import { deriveKey, hashToUniform, sipHash24 } from '../../src/core/math/siphash.ts';
import { lengthPrefixed } from '../../src/core/math/length-prefixed.ts';
import { refuse, violation } from '../../src/core/check.ts';
import type { Dataset } from './dataset.ts';

export interface SplitOptions {
  /**
   * `unit`: every unit belongs to one split, whenever it decided. `unit-and-time`: also only the rows of that split's
   * slice of time, so that train < validation < test; rows elsewhere are left out. Its test rows are a subset of
   * those of `unit` with the same shares and salt.
   */
  readonly by: 'unit' | 'unit-and-time';
  readonly train: number;
  readonly validation: number;
  readonly salt: string;
}

/** Row numbers, ascending; no unit is in two of them. */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

const zeroKey = new Uint8Array(16);

/**
 * Deterministic split: a unit's place is SipHash(salt, unit id) as a number in [0, 1), so it is the same in every
 * snapshot; time is cut at the quantiles of decidedAt.
 */
export function splitByUnitAndTime(dataset: Dataset, options: SplitOptions): Split {
  const { train, validation, by, salt } = options;
  refuse(
    'config_invalid',
    train > 0 && validation >= 0 && train + validation <= 1
      ? []
      : [violation('split', 'train > 0, validation ≥ 0, train + validation ≤ 1', { train, validation })],
  );
  const key = deriveKey(zeroKey, `allot/split/${salt}`);
  const place = new Map<string, number>();
  for (const unitId of dataset.unitIds)
    if (!place.has(unitId)) place.set(unitId, hashToUniform(sipHash24(key, lengthPrefixed(unitId))));
  const cuts = [train, train + validation];
  const times = by === 'unit' ? null : timeCuts(dataset.decidedAt, cuts);
  const rows: [number[], number[], number[]] = [[], [], []];
  dataset.unitIds.forEach((unitId, i) => {
    const part = partOf(place.get(unitId) ?? 0, cuts);
    if (times === null || partOf(dataset.decidedAt[i], times) === part) rows[part].push(i);
  });
  return {
    train: Int32Array.from(rows[0]),
    validation: Int32Array.from(rows[1]),
    test: Int32Array.from(rows[2]),
  };
}

const partOf = (value: number, cuts: readonly number[]): 0 | 1 | 2 =>
  value < cuts[0] ? 0 : value < cuts[1] ? 1 : 2;

/** The time at which each share of the rows has passed. */
function timeCuts(decidedAt: Float64Array, shares: readonly number[]): number[] {
  const sorted = decidedAt.slice().sort();
  return shares.map((share) => sorted[Math.floor(share * sorted.length)] ?? Infinity);
}
