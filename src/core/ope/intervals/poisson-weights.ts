/** P(N > k) · 2³² of N ~ Poisson(1), k = 0 … 11: a 32-bit uniform below it says N > k. */
const TAILS = poissonTails();

function poissonTails(): Float64Array {
  const tails = new Float64Array(12);
  let probability = Math.exp(-1);
  let below = 0;
  for (let k = 0; k < tails.length; k++) {
    below += probability;
    tails[k] = (1 - below) * 2 ** 32;
    probability /= k + 1;
  }
  return tails;
}

const AMBIGUOUS = 255;

/** The answer by the first 12 bits of the uniform, where they decide it: no branch to mispredict. */
const BY_PREFIX = Uint8Array.from({ length: 4096 }, (_, prefix) => {
  const first = countBelow(prefix * 2 ** 20);
  return first === countBelow((prefix + 1) * 2 ** 20 - 1) ? first : AMBIGUOUS;
});

/** The two words that stand for a unit id: FNV-1a with two offsets over its UTF-16 units, each stirred. */
export function hashUnitIds(unitIds: readonly string[]): Int32Array {
  const hashes = new Int32Array(2 * unitIds.length);
  unitIds.forEach((id, k) => {
    let low = 0x811c9dc5;
    let high = 0x9747b28c;
    for (let i = 0; i < id.length; i++) {
      const code = id.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(stir(high ^ code), 0x85ebca6b);
    }
    hashes[2 * k] = stir(low);
    hashes[2 * k + 1] = stir(high);
  });
  return hashes;
}

/** The two words of a resample. */
export function resampleKey(seed: number, resample: number): readonly [number, number] {
  const low = stir(seed | 0);
  const high = stir(Math.floor(seed / 4_294_967_296) ^ 0x5bd1e995);
  return [stir(low ^ Math.imul(resample, 0x9e3779b1)), stir(high + Math.imul(resample, 0x85ebca77))];
}

/**
 * How often the unit enters the resample: Poisson(1) by inversion of a 32-bit hash of both. A pure function, so the parts of
 * a log, and workers, agree without talking to each other.
 */
export function poissonWeight(low: number, high: number, keyLow: number, keyHigh: number): number {
  const u = stir((stir(low ^ keyLow) + (high ^ keyHigh)) | 0);
  const known = BY_PREFIX[u >>> 20];
  return known === AMBIGUOUS ? countBelow(u >>> 0) : known;
}

function countBelow(u: number): number {
  let count = 0;
  while (count < TAILS.length && u < TAILS[count]) count++;
  return count;
}

/** The 32-bit finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function stir(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
