import { normalQuantile } from './normal.ts';
import { deriveKey } from './siphash.ts';

/** A seeded source of randomness. The same seed and calls give the same numbers on every machine. */
export interface Random {
  /** In [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal, by inversion: one uniform each, so common random numbers stay aligned. */
  normal(): number;
  /** Mean 1, by inversion. */
  exponential(): number;
  /** Uniform over 0 … n − 1; n is a positive integer below 2⁵³. */
  integer(n: number): number;
  /** Poisson with the given mean ≥ 0, exact; its cost grows with the mean. */
  poisson(mean: number): number;
  /** An independent stream that depends on the seed and the labels only, not on how much was drawn before. */
  fork(label: string): Random;
}

/**
 * xoshiro128** (Blackman & Vigna, 2021, "Scrambled linear pseudorandom number generators"), its 128-bit state taken
 * from SipHash of the seed and the fork labels. Two outputs make one 53-bit uniform. Not for secrets.
 *
 * @param seed any finite number; 7 and 7.5 are different seeds
 */
export function createRandom(seed: number): Random {
  if (!Number.isFinite(seed)) throw new RangeError('a seed is a finite number');
  const key = new Uint8Array(16);
  new DataView(key.buffer).setFloat64(0, seed === 0 ? 0 : seed, true);
  return new Xoshiro(deriveKey(key, 'allot/random/v1'));
}

/** Above this mean a Poisson number is a sum of smaller ones, so that exp(−mean) stays far from underflow. */
const POISSON_CHUNK = 32;

class Xoshiro implements Random {
  readonly #key: Uint8Array;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(key: Uint8Array) {
    this.#key = key;
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#a = view.getInt32(0, true);
    this.#b = view.getInt32(4, true);
    this.#c = view.getInt32(8, true);
    this.#d = view.getInt32(12, true) | 1; // the all-zero state is the one forbidden state
  }

  #next(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  uniform(): number {
    const high = this.#next();
    return (high * 0x200000 + (this.#next() >>> 11)) * 2 ** -53;
  }

  normal(): number {
    // 2⁻⁵⁴ moves [0, 1) off its end points, where the quantile is infinite.
    return normalQuantile(this.uniform() + 2 ** -54);
  }

  exponential(): number {
    return -Math.log1p(-this.uniform());
  }

  integer(n: number): number {
    if (!(Number.isSafeInteger(n) && n > 0)) throw new RangeError('integer(n) needs a positive integer');
    return Math.floor(this.uniform() * n);
  }

  poisson(mean: number): number {
    if (!(mean >= 0 && Number.isFinite(mean))) throw new RangeError('a Poisson mean is finite and ≥ 0');
    let total = 0;
    let rest = mean;
    for (; rest > POISSON_CHUNK; rest -= POISSON_CHUNK) total += this.#smallPoisson(POISSON_CHUNK);
    return total + this.#smallPoisson(rest);
  }

  /** Inversion by sequential search. */
  #smallPoisson(mean: number): number {
    let u = this.uniform();
    let p = Math.exp(-mean);
    let k = 0;
    while (u >= p && p > 0) {
      u -= p;
      k += 1;
      p *= mean / k;
    }
    return k;
  }

  fork(label: string): Random {
    return new Xoshiro(deriveKey(this.#key, `fork/${label}`));
  }
}
