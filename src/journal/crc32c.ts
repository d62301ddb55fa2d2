/** Reflected Castagnoli polynomial, as in RFC 3720 B.4; Node's `zlib.crc32` is another polynomial. */
const polynomial = 0x82f63b78;

/** tables[k][b]: the CRC of byte b followed by k zero bytes, so that eight bytes are folded in one step. */
const tables: readonly Int32Array[] = buildTables();

function buildTables(): Int32Array[] {
  const built = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    built[0][byte] = crc;
  }
  for (let byte = 0; byte < 256; byte += 1) {
    for (let k = 1; k < 8; k += 1) {
      const previous = built[k - 1][byte];
      built[k][byte] = (previous >>> 8) ^ built[0][previous & 0xff];
    }
  }
  return built;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;

/**
 * CRC-32C of `bytes[from, to)`; `previous` continues an earlier call, so
 * `crc32c(b, 0, n) === crc32c(b, m, n, crc32c(b, 0, m))`. Check value of "123456789": 0xE3069283.
 */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length, previous = 0): number {
  let crc = ~previous;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    crc =
      t7[(crc ^ bytes[at]) & 0xff] ^
      t6[((crc >>> 8) ^ bytes[at + 1]) & 0xff] ^
      t5[((crc >>> 16) ^ bytes[at + 2]) & 0xff] ^
      t4[(crc >>> 24) ^ bytes[at + 3]] ^
      t3[bytes[at + 4]] ^
      t2[bytes[at + 5]] ^
      t1[bytes[at + 6]] ^
      t0[bytes[at + 7]];
  }
  for (; at < to; at += 1) crc = t0[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
