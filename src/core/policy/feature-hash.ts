import { sipHash24 } from '../math/siphash.ts';

/** Public and fixed: it spreads names over slots and guards nothing. The 16 ASCII bytes of `allot/feature/v1`. */
const KEY = new TextEncoder().encode('allot/feature/v1');

/** The slot of what is unknown, absent or empty. */
export const UNKNOWN_SLOT = 0;

const utf8 = new TextEncoder();
let scratch = new Uint8Array(1024);

/**
 * Slot of a name out of an open vocabulary:
 *
 *     slot = 0                                                    for the empty text
 *     slot = 1 + SipHash-2-4(key, UTF-8 of the text) mod (B − 1)   otherwise
 *
 * with the tag as an unsigned 64-bit number, and a whole number as its decimal text (so 42 and "42" are one). Nothing is fitted:
 * every language gives the same slot, `test/fixtures/golden/feature-hash.json`. Two names may meet in one slot, with
 * probability 1 / (B − 1). Source: Weinberger et al. 2009, "Feature hashing for large scale multitask learning".
 *
 * @param buckets B ≥ 2, at most 2²⁰
 */
export function hashSlot(value: string | number, buckets: number): number {
  const text = typeof value === 'string' ? value : String(value);
  if (text.length === 0) return UNKNOWN_SLOT;
  if (3 * text.length > scratch.length) scratch = new Uint8Array(3 * text.length);
  const { high, low } = sipHash24(KEY, scratch, write(text));
  const slots = buckets - 1;
  // 2³² mod m and both products stay below 2⁵³.
  return 1 + (((high % slots) * (0x100000000 % slots) + (low % slots)) % slots);
}

/** ASCII by hand, as in `lengthPrefixed`. */
function write(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return utf8.encodeInto(text, scratch).written;
    scratch[i] = code;
  }
  return text.length;
}
