const utf8 = new TextEncoder();

/**
 * Joins strings so that no two different lists give the same bytes: each part is its UTF-8 length (u32le) and then
 * its UTF-8 bytes. ("ab", "c") and ("a", "bc") differ, which plain joining would confuse. Lone surrogates become
 * U+FFFD, as UTF-8 demands; callers that must tell such strings apart refuse them first.
 */
export function lengthPrefixed(...parts: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(lengthPrefixedRoom(parts));
  return bytes.subarray(0, writeLengthPrefixed(parts, bytes));
}

/** Bytes that surely hold the parts: a UTF-16 unit is at most three bytes of UTF-8. */
export function lengthPrefixedRoom(parts: readonly string[]): number {
  let room = 0;
  for (let i = 0; i < parts.length; i++) room += 4 + 3 * parts[i].length;
  return room;
}

/** The same into the start of `bytes`, which has `lengthPrefixedRoom` bytes; returns how many were written. */
export function writeLengthPrefixed(parts: readonly string[], bytes: Uint8Array): number {
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const length = write(parts[i], bytes, at + 4);
    bytes[at] = length;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length >>> 16;
    bytes[at + 3] = length >>> 24;
    at += 4 + length;
  }
  return at;
}

/** ASCII by hand: identifiers are short, and the call into the encoder costs more than copying them. */
function write(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return utf8.encodeInto(text, bytes.subarray(at)).written;
    bytes[at + i] = code;
  }
  return text.length;
}
