import { lengthPrefixed, lengthPrefixedRoom, writeLengthPrefixed } from './length-prefixed.ts';

/** A 64-bit hash as two unsigned 32-bit halves. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/**
 * SipHash-2-4, a keyed pseudo-random function for short inputs (Aumasson & Bernstein, 2012, "SipHash: a fast
 * short-input PRF"). 32-bit halves instead of BigInt, which allocates and is ~30 times slower; the state in local
 * variables and the round written out once, because it runs several times on every decision.
 *
 * @param key 16 bytes, secret
 * @param message any length below 2³² bytes
 * @param length how many of its bytes count
 * @returns the 64-bit tag; its little-endian bytes are those of the reference implementation
 */
// eslint-disable-next-line allot/max-own-lines -- split into calls it takes three times as long
export function sipHash24(key: Uint8Array, message: Uint8Array, length = message.length): Hash64 {
  if (key.length !== 16) throw new RangeError('a SipHash key has 16 bytes');
  let v0l = word(key, 0) ^ 0x70736575;
  let v0h = word(key, 4) ^ 0x736f6d65;
  let v1l = word(key, 8) ^ 0x6e646f6d;
  let v1h = word(key, 12) ^ 0x646f7261;
  let v2l = word(key, 0) ^ 0x6e657261;
  let v2h = word(key, 4) ^ 0x6c796765;
  let v3l = word(key, 8) ^ 0x79746573;
  let v3h = word(key, 12) ^ 0x74656462;
  const whole = length >>> 3;
  // Block `whole` holds the rest of the message and its length; the one after it is finalisation.
  for (let block = 0; block <= whole + 1; block++) {
    let ml = 0;
    let mh = 0;
    if (block < whole) {
      ml = word(message, 8 * block);
      mh = word(message, 8 * block + 4);
    } else if (block === whole) {
      ml = partialWord(message, 8 * block, length);
      mh = partialWord(message, 8 * block + 4, length) | ((length & 0xff) << 24);
    } else {
      v2l ^= 0xff;
    }
    v3l ^= ml;
    v3h ^= mh;
    for (let round = block > whole ? 4 : 2; round > 0; round--) {
      let t = v0l >>> 0;
      v0l = (v0l + v1l) | 0; // v0 += v1
      v0h = (v0h + v1h + (v0l >>> 0 < t ? 1 : 0)) | 0;
      t = v1l;
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l; // v1 = (v1 <<< 13) ^ v0
      v1h = ((v1h << 13) | (t >>> 19)) ^ v0h;
      t = v0l; // v0 <<<= 32
      v0l = v0h;
      v0h = t;
      t = v2l >>> 0;
      v2l = (v2l + v3l) | 0; // v2 += v3
      v2h = (v2h + v3h + (v2l >>> 0 < t ? 1 : 0)) | 0;
      t = v3l;
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l; // v3 = (v3 <<< 16) ^ v2
      v3h = ((v3h << 16) | (t >>> 16)) ^ v2h;
      t = v0l >>> 0;
      v0l = (v0l + v3l) | 0; // v0 += v3
      v0h = (v0h + v3h + (v0l >>> 0 < t ? 1 : 0)) | 0;
      t = v3l;
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l; // v3 = (v3 <<< 21) ^ v0
      v3h = ((v3h << 21) | (t >>> 11)) ^ v0h;
      t = v2l >>> 0;
      v2l = (v2l + v1l) | 0; // v2 += v1
      v2h = (v2h + v1h + (v2l >>> 0 < t ? 1 : 0)) | 0;
      t = v1l;
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l; // v1 = (v1 <<< 17) ^ v2
      v1h = ((v1h << 17) | (t >>> 15)) ^ v2h;
      t = v2l; // v2 <<<= 32
      v2l = v2h;
      v2h = t;
    }
    v0l ^= ml;
    v0h ^= mh;
  }
  return { low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0, high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0 };
}

/** A decision hashes a few identifiers: they are laid out here and not in an array of their own each time. */
let scratch = new Uint8Array(4096);

/** SipHash-2-4 of the length-prefixed parts. */
export function sipHashOfParts(key: Uint8Array, parts: readonly string[]): Hash64 {
  const room = lengthPrefixedRoom(parts);
  if (room > scratch.length) scratch = new Uint8Array(room);
  return sipHash24(key, scratch, writeLengthPrefixed(parts, scratch));
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

/** Little-endian 32 bits. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The same where the message may end before or inside the word; what is missing is zero. */
function partialWord(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < length && i < at + 4; i++) value |= bytes[i] << (8 * (i - at));
  return value;
}
