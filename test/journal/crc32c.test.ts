import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/journal/crc32c.ts';
import { decodeRecord, encodeRecord, findRecord, isRecordAt, roomFor } from '../../src/journal/record.ts';

interface Golden {
  readonly records: readonly {
    readonly sequence: number;
    readonly appendedAt: number;
    readonly key: string;
    readonly value: string;
    readonly bytes: string;
  }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../fixtures/golden/journal.json', import.meta.url), 'utf8'),
) as Golden;

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('CRC-32C', () => {
  it('has the published check values', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    // RFC 3720, B.4
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e);
  });

  it('equals its bit-by-bit definition, whole and in pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        expect(crc32c(bytes)).toBe(slowCrc32c(bytes));
        expect(crc32c(bytes, middle, bytes.length, crc32c(bytes, 0, middle))).toBe(slowCrc32c(bytes));
      }),
    );
  });
});

describe('a record of the journal', () => {
  it.each(golden.records)(
    'has the bytes of the golden vector: sequence $sequence',
    ({ bytes, ...record }) => {
      const target = Buffer.alloc(roomFor(record));
      const end = encodeRecord(target, 0, record);
      expect(target.subarray(0, end).toString('hex')).toBe(bytes);
      const read = decodeRecord(Buffer.from(bytes, 'hex'), 0);
      expect({ ...read, value: read.value.toString() }).toEqual(record);
    },
  );

  it('takes a value as bytes or as a string, with the same result', () => {
    const common = { sequence: 3, appendedAt: 5, key: 'k' };
    const [one, two] = ['{"ü":1}', Buffer.from('{"ü":1}')].map((value) => {
      const target = Buffer.alloc(100);
      return target.subarray(0, encodeRecord(target, 0, { ...common, value })).toString('hex');
    });
    expect(one).toBe(two);
  });

  it('is refused when any one of its bits is turned', () => {
    const { bytes } = golden.records[1];
    const good = Buffer.from(bytes, 'hex');
    expect(isRecordAt(good, 0)).toBe(true);
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good);
      bad[bit >> 3] ^= 1 << (bit & 7);
      expect(isRecordAt(bad, 0)).toBe(false);
    }
  });

  it('is found again behind damaged bytes', () => {
    const record = Buffer.from(golden.records[1].bytes, 'hex');
    const damaged = Buffer.concat([Buffer.alloc(100, 0xab), Buffer.alloc(64), record]);
    expect(findRecord(damaged, 0, 1)).toBe(164);
    expect(findRecord(damaged, 165, 1)).toBeNull();
  });
});
