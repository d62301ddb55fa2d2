/** Crockford's base32 in lower case. The alphabet is in ASCII order, so equal-length texts sort like their bytes. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

const valueOf = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) valueOf[ALPHABET.charCodeAt(i)] = i;

export const encodedLength = (byteLength: number): number => Math.ceil((byteLength * 8) / 5);

const codeOf = Array.from(ALPHABET, (character) => character.charCodeAt(0));

/** Most significant bit first; the last character is padded with zero bits. One flat string, not a chain of pieces. */
export function encodeCrockford(bytes: Uint8Array): string {
  const codes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    buffer = ((buffer << 8) | bytes[i]) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes.push(codeOf[(buffer >>> bits) & 31]);
    }
  }
  if (bits > 0) codes.push(codeOf[(buffer << (5 - bits)) & 31]);
  return String.fromCharCode(...codes);
}

/**
 * Strict on purpose: one text per byte string, so no upper case, no look-alikes (o, i, l), no padding bits set.
 * Returns undefined for anything else.
 */
export function decodeCrockford(text: string, byteLength: number): Uint8Array | undefined {
  if (text.length !== encodedLength(byteLength)) return undefined;
  const bytes = new Uint8Array(byteLength);
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = valueOf[text.charCodeAt(i)] ?? -1;
    if (value < 0) return undefined;
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = buffer >>> bits;
    }
  }
  return (buffer & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

/** True where `decodeCrockford` gives bytes; makes none. */
export function isCrockford(text: string, byteLength: number): boolean {
  if (text.length !== encodedLength(byteLength)) return false;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    value = valueOf[text.charCodeAt(i)] ?? -1;
    if (value < 0) return false;
  }
  const padding = text.length * 5 - byteLength * 8;
  return (value & ((1 << padding) - 1)) === 0;
}

/** The number that the first characters of a valid text spell; exact for at most ten of them. */
export function leadingNumber(text: string, characters: number): number {
  let number = 0;
  for (let i = 0; i < characters; i++) number = number * 32 + valueOf[text.charCodeAt(i)];
  return number;
}
