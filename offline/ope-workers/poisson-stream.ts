import { invariant } from '../../src/core/check.ts';
import type { ResampledTotals } from '../../src/core/ope/bootstrap.ts';

/** How many of 256 equally likely bytes give the counts 0 … 5. */
const SHARES = [94, 95, 46, 16, 4, 1];

/**
 * Poisson(1) in eight bits: rounded so that mean and variance are exactly 1, which is all that the bootstrap's first order asks
 * of its weights; the third central moment is 0.984 (Poisson: 1), and no count is above 5 (Poisson: 6 in 10,000 are). Doubles,
 * so that nothing is converted in the loop.
 */
const COUNTS = Float64Array.from(SHARES.flatMap((share, count) => new Array<number>(share).fill(count)));

/** The totals of a stream of units; resamples are made four at a time. */
export interface StreamTotals {
  readonly resamples: number;
  readonly columnCount: number;
  readonly totals: Float64Array;
}

export const emptyTotals = (resamples: number, columnCount: number): StreamTotals => ({
  resamples,
  columnCount,
  totals: new Float64Array(wholeQuads(resamples) * columnCount),
});

/** Units of one block stay in the cache while all resamples pass over them. */
const BLOCK = 2048;

/**
 * Adds Σₖ N_kb columnₖ of some units to the totals of every resample b, N_kb ~ Poisson(1) a function of (seed, b, unit id) alone:
 * the bootstrap of `core/ope/intervals/poisson-bootstrap.ts` made for a million units.
 *
 * What is different, and why: one 32-bit hash gives the weights of *four* resamples (its bytes), they are looked up instead of
 * compared (no branch to guess wrong), and weight and column meet in registers, two columns at a time. Some six
 * times faster than the kernel in core; the weights are other ones.
 *
 * @param ids two words per unit, well mixed (`hashUnitIds`, `rowIds`)
 */
export function addPoissonTotals(
  into: StreamTotals,
  columns: readonly Float64Array[],
  ids: Int32Array,
  seed: number,
): void {
  const count = ids.length / 2;
  invariant(columns.length === into.columnCount, 'the columns of the totals');
  invariant(
    columns.every((column) => column.length === count),
    'a number for every unit',
  );
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(count, from + BLOCK);
    for (let j = 0; j < columns.length; j += 2) addBlock(into, columns, j, ids, seed, from, to);
  }
}

function addBlock(
  { resamples, totals }: StreamTotals,
  columns: readonly Float64Array[],
  j: number,
  ids: Int32Array,
  seed: number,
  from: number,
  to: number,
): void {
  const stride = wholeQuads(resamples);
  const isPair = j + 1 < columns.length;
  const left = columns[j];
  const right = isPair ? columns[j + 1] : left;
  const seedLow = stir(seed | 0);
  const seedHigh = stir(Math.floor(seed / 4_294_967_296) ^ 0x5bd1e995);
  const quad = new Float64Array(8);
  for (let b = 0; b < stride; b += 4) {
    const keyLow = stir(seedLow ^ Math.imul(b + 1, 0x9e3779b1));
    const keyHigh = stir((seedHigh + Math.imul(b + 1, 0x85ebca77)) | 0);
    sumQuad(left, right, ids, keyLow, keyHigh, from, to, quad);
    for (let i = 0; i < 4; i++) {
      totals[j * stride + b + i] += quad[i];
      if (isPair) totals[(j + 1) * stride + b + i] += quad[4 + i];
    }
  }
}

/** Σ N x of four resamples, then Σ N y. Sums are variables of their own: an array of them costs twice the time. */
function sumQuad(
  left: Float64Array,
  right: Float64Array,
  ids: Int32Array,
  keyLow: number,
  keyHigh: number,
  from: number,
  to: number,
  out: Float64Array,
): void {
  let left0 = 0;
  let left1 = 0;
  let left2 = 0;
  let left3 = 0;
  let right0 = 0;
  let right1 = 0;
  let right2 = 0;
  let right3 = 0;
  for (let k = from; k < to; k++) {
    const h = bytesOf(ids[2 * k] ^ keyLow, ids[2 * k + 1] ^ keyHigh);
    const n0 = COUNTS[h & 0xff];
    const n1 = COUNTS[(h >>> 8) & 0xff];
    const n2 = COUNTS[(h >>> 16) & 0xff];
    const n3 = COUNTS[h >>> 24];
    left0 += n0 * left[k];
    left1 += n1 * left[k];
    left2 += n2 * left[k];
    left3 += n3 * left[k];
    right0 += n0 * right[k];
    right1 += n1 * right[k];
    right2 += n2 * right[k];
    right3 += n3 * right[k];
  }
  out.set([left0, left1, left2, left3, right0, right1, right2, right3]);
}

/** Two rounds of the MurmurHash3 finaliser: both words of the unit and of the resample enter. */
function bytesOf(low: number, high: number): number {
  let h = Math.imul(low ^ (low >>> 16), 0x85ebca6b);
  h = ((h ^ (h >>> 13)) + high) | 0;
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Totals of two parts of the units, for the same resamples. */
export function mergeTotals(into: StreamTotals, part: StreamTotals): void {
  invariant(into.totals.length === part.totals.length, 'totals of the same resamples');
  for (let i = 0; i < into.totals.length; i++) into.totals[i] += part.totals[i];
}

/** Without the resamples that were made in excess. */
export function finishedTotals({ resamples, columnCount, totals }: StreamTotals): ResampledTotals {
  const stride = wholeQuads(resamples);
  const exact = new Float64Array(resamples * columnCount);
  for (let j = 0; j < columnCount; j++) {
    exact.set(totals.subarray(j * stride, j * stride + resamples), j * resamples);
  }
  return { resamples, columnCount, totals: exact };
}

/** Ids of consecutive rows that are their own units, from the number of the first one. */
export function rowIds(first: number, count: number): Int32Array {
  const ids = new Int32Array(2 * count);
  for (let k = 0; k < count; k++) {
    const row = first + k;
    ids[2 * k] = stir((row | 0) ^ 0x165667b1);
    ids[2 * k + 1] = stir((Math.floor(row / 4_294_967_296) ^ Math.imul(row | 0, 0x27d4eb2f)) | 0);
  }
  return ids;
}

const wholeQuads = (n: number): number => 4 * Math.ceil(n / 4);

function stir(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
