import { normalQuantile } from '../core/math/normal.ts';
import type { Random } from '../core/math/random.ts';

/** Numbers of one purpose; valid until the next stream of the same unit is asked for. */
export interface Draws {
  /** In [0, 1). */
  uniform(): number;
  /** Standard normal by inversion. */
  normal(): number;
}

/**
 * All randomness of one unit, split by purpose and by number of the request (or day), so that what is drawn never depends on
 * what was chosen before: policies meet the same candidates and the same noise (common random numbers).
 */
export interface UnitStreams {
  unit(): Draws;
  request(index: number): Draws;
  outcome(index: number): Draws;
  policy(index: number): Draws;
  day(index: number): Draws;
  /** What happens to the log, not to the unit. */
  log(index: number): Draws;
}

/** Streams by labelled forks: slow (two SipHashes a stream), and what the demo's and the proofs' numbers stand on. */
export function forkedStreams(random: Random, unitId: string): UnitStreams {
  const indexed =
    (purpose: string) =>
    (index: number): Draws =>
      random.fork(`${purpose}:${unitId}:${index}`);
  return {
    unit: () => random.fork(`unit:${unitId}`),
    request: indexed('request'),
    outcome: indexed('outcome'),
    policy: indexed('policy'),
    day: indexed('day'),
    log: indexed('log'),
  };
}

/**
 * Streams by counters: the state of one xoshiro128** generator is a hash of (key, unit, purpose, index), a few integer
 * multiplications instead of a fork, and nothing is allocated after the first unit.
 */
export class CountedStreams implements UnitStreams {
  readonly #high: number;
  readonly #low: number;
  readonly #draws = new CountedDraws();
  #unit = 0;

  constructor(random: Random) {
    this.#high = random.integer(2 ** 32);
    this.#low = random.integer(2 ** 32);
  }

  of(unit: number): this {
    this.#unit = unit;
    return this;
  }

  unit = (): Draws => this.#stream(1, 0);
  request = (index: number): Draws => this.#stream(2, index);
  outcome = (index: number): Draws => this.#stream(3, index);
  policy = (index: number): Draws => this.#stream(4, index);
  day = (index: number): Draws => this.#stream(5, index);
  log = (index: number): Draws => this.#stream(6, index);

  #stream(purpose: number, index: number): Draws {
    const a = mix(this.#high ^ Math.imul(this.#unit, 0x9e3779b1));
    const b = mix(a ^ this.#low ^ Math.imul(index, 0x85ebca77) ^ Math.imul(purpose, 0xc2b2ae3d));
    this.#draws.reset(a, b);
    return this.#draws;
  }
}

/** The finaliser of MurmurHash3 (Appleby): every input bit reaches every output bit. */
function mix(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** xoshiro128** (Blackman & Vigna, 2021), as in `createRandom`, with a state that can be set again. */
class CountedDraws implements Draws {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 1;

  reset(first: number, second: number): void {
    this.#a = mix(first + 0x9e3779b9);
    this.#b = mix(second + 0x3c6ef372);
    this.#c = mix(this.#a ^ (second + 0xdaa66d2b));
    this.#d = mix(this.#b ^ (first + 0x78dde6e4)) | 1; // never the all-zero state
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
    return normalQuantile(this.uniform() + 2 ** -54);
  }
}
