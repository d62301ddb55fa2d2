import { describe, expect, it } from 'vitest';
import { lengthPrefixed } from '../../../src/core/math/length-prefixed.ts';
import { deriveKey, hashBytes, hashToUniform, sipHash24 } from '../../../src/core/math/siphash.ts';
import { fromHex, golden, toHex } from '../support.ts';

interface Golden {
  key: string;
  vectors: { message: string; tag: string }[];
  uniforms: { tag: string; uniform: number }[];
  lengthPrefixed: { parts: string[]; bytes: string }[];
  derived: { label: string; key: string }[];
}

const vectors = golden<Golden>('siphash');

describe('SipHash-2-4', () => {
  it('gives the published tag for every message of 0 to 63 bytes', () => {
    expect(vectors.vectors).toHaveLength(64);
    for (const { message, tag } of vectors.vectors) {
      expect(toHex(hashBytes(sipHash24(fromHex(vectors.key), fromHex(message))))).toBe(tag);
    }
  });

  it('gives the tag that the paper prints for 00 … 0e', () => {
    const hash = sipHash24(
      fromHex(vectors.key),
      Uint8Array.from({ length: 15 }, (_, i) => i),
    );
    expect([hash.high, hash.low]).toEqual([0xa129ca61, 0x49be45e5]);
  });

  it('does not depend on where the message lies in its buffer', () => {
    const key = fromHex(vectors.key);
    const padded = Uint8Array.from([9, 9, 9, 1, 2, 3, 4, 5, 9]);
    expect(sipHash24(key, padded.subarray(3, 8))).toEqual(sipHash24(key, Uint8Array.from([1, 2, 3, 4, 5])));
  });

  it('refuses a key that has not 16 bytes', () => {
    expect(() => sipHash24(new Uint8Array(15), new Uint8Array(0))).toThrow(RangeError);
  });
});

describe('numbers and keys from a hash', () => {
  it('turns the upper 53 bits into a number below 1', () => {
    for (const { tag, uniform } of vectors.uniforms) {
      const view = new DataView(fromHex(tag).buffer);
      const value = hashToUniform({ low: view.getUint32(0, true), high: view.getUint32(4, true) });
      expect(value).toBe(uniform);
      expect(value).toBeLessThan(1);
    }
  });

  it('derives the golden keys, one per label', () => {
    for (const { label, key } of vectors.derived) {
      expect(toHex(deriveKey(fromHex(vectors.key), label))).toBe(key);
    }
    expect(new Set(vectors.derived.map((d) => d.key)).size).toBe(vectors.derived.length);
  });

  it('joins strings so that different lists never give the same bytes', () => {
    for (const { parts, bytes } of vectors.lengthPrefixed) {
      expect(toHex(lengthPrefixed(...parts))).toBe(bytes);
    }
    expect(toHex(lengthPrefixed('ab', 'c'))).not.toBe(toHex(lengthPrefixed('a', 'bc')));
  });
});
