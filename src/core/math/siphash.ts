import { lengthPrefixed } from './length-prefixed.ts';

/** A 64-bit hash as two unsigned 32-bit halves. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

// v0..v3 as (low, high) pairs. One scratch for the module: a hash never suspends, so calls cannot overlap.
const v = new Int32Array(8);

/**
 * SipHash-2-4, a keyed pseudo-random function for short inputs (Aumasson & Bernstein, 2012, "SipHash: a fast
 * short-input PRF"). 32-bit halves instead of BigInt: BigInt arithmetic allocates and is ~30 times slower here.
 *
 * @param key 16 bytes, secret
 * @param message any length below 2³² bytes
 * @returns the 64-bit tag; its little-endian bytes are those of the reference implementation
 */
export function sipHash24(key: Uint8Array, message: Uint8Array): Hash64 {
  if (key.length !== 16) throw new RangeError('a SipHash key has 16 bytes');
  initialise(key);
  const whole = message.length - (message.length % 8);
  for (let i = 0; i < whole; i += 8) absorb(word(message, i), word(message, i + 4));
  let low = 0;
  let high = 0;
  for (let i = whole; i < message.length; i++) {
    const at = i - whole;
    if (at < 4) low |= message[i] << (8 * at);
    else high |= message[i] << (8 * (at - 4));
  }
  absorb(low, high | ((message.length & 0xff) << 24));
  v[4] ^= 0xff;
  for (let i = 0; i < 4; i++) round();
  return { low: (v[0] ^ v[2] ^ v[4] ^ v[6]) >>> 0, high: (v[1] ^ v[3] ^ v[5] ^ v[7]) >>> 0 };
}

/** The upper 53 bits of a hash as a number in [0, 1): every value is a multiple of 2⁻⁵³. */
export function hashToUniform(hash: Hash64): number {
  return (hash.high * 0x200000 + (hash.low >>> 11)) * 2 ** -53;
}

/** The hash as 8 little-endian bytes, the byte order of the published test vectors. */
export function hashBytes(hash: Hash64): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, hash.low, true);
  view.setUint32(4, hash.high, true);
  return bytes;
}

/**
 * A 16-byte key for one purpose: SipHash(key, ⟨"allot/derive-key/v1", "0", label⟩) ‖ the same with "1", where ⟨⟩ is
 * `lengthPrefixed`. Different labels give independent keys, so one purpose never leaks into another.
 */
export function deriveKey(key: Uint8Array, label: string): Uint8Array {
  const derived = new Uint8Array(16);
  derived.set(hashBytes(sipHash24(key, lengthPrefixed('allot/derive-key/v1', '0', label))), 0);
  derived.set(hashBytes(sipHash24(key, lengthPrefixed('allot/derive-key/v1', '1', label))), 8);
  return derived;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function initialise(key: Uint8Array): void {
  const k0l = word(key, 0);
  const k0h = word(key, 4);
  const k1l = word(key, 8);
  const k1h = word(key, 12);
  v[0] = k0l ^ 0x70736575;
  v[1] = k0h ^ 0x736f6d65;
  v[2] = k1l ^ 0x6e646f6d;
  v[3] = k1h ^ 0x646f7261;
  v[4] = k0l ^ 0x6e657261;
  v[5] = k0h ^ 0x6c796765;
  v[6] = k1l ^ 0x79746573;
  v[7] = k1h ^ 0x74656462;
}

function absorb(low: number, high: number): void {
  v[6] ^= low;
  v[7] ^= high;
  round();
  round();
  v[0] ^= low;
  v[1] ^= high;
}

/** SipRound: four 64-bit adds, rotations by 13, 16, 17, 21 and two by 32 (swaps of halves). */
function round(): void {
  add(0, 2);
  rotateXor(2, 13, 0);
  swap(0);
  add(4, 6);
  rotateXor(6, 16, 4);
  add(0, 6);
  rotateXor(6, 21, 0);
  add(4, 2);
  rotateXor(2, 17, 4);
  swap(4);
}

/** v[a] += v[b] modulo 2⁶⁴. */
function add(a: number, b: number): void {
  const low = (v[a] + v[b]) | 0;
  const carry = low >>> 0 < v[b] >>> 0 ? 1 : 0;
  v[a] = low;
  v[a + 1] = (v[a + 1] + v[b + 1] + carry) | 0;
}

/** v[a] = rotateLeft(v[a], bits) ⊕ v[b], 0 < bits < 32. */
function rotateXor(a: number, bits: number, b: number): void {
  const low = v[a];
  const high = v[a + 1];
  v[a] = ((low << bits) | (high >>> (32 - bits))) ^ v[b];
  v[a + 1] = ((high << bits) | (low >>> (32 - bits))) ^ v[b + 1];
}

function swap(a: number): void {
  const low = v[a];
  v[a] = v[a + 1];
  v[a + 1] = low;
}
