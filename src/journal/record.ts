import { crc32c } from './crc32c.ts';

/*
 * One record, little-endian:
 *
 *   offset  bytes  field
 *        0      4  length L of everything after the sequence: 10 + K + V
 *        4      4  CRC-32C of bytes 0–3 and 8–(16 + L)
 *        8      8  sequence, from 1, one more than the record before it in the folder
 *       16      8  time of the append, float64 milliseconds since the epoch
 *       24      2  K, bytes of the key
 *       26      K  key, UTF-8
 *   26 + K      V  value: the event as JSON
 *
 * `test/fixtures/golden/journal.json` pins it.
 */
export const HEADER_BYTES = 16;
const BODY_PREFIX_BYTES = 10;
export const OVERHEAD_BYTES = HEADER_BYTES + BODY_PREFIX_BYTES;
export const MAX_KEY_BYTES = 0xffff;
/** Far above any event: it bounds what a damaged length can make a reader do. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

export interface NewRecord {
  readonly key: string;
  readonly value: string | Uint8Array;
}

export interface StoredRecord {
  readonly sequence: number;
  readonly appendedAt: number;
  readonly key: string;
  readonly value: Buffer;
}

/** Room that surely holds the record: a UTF-16 unit is at most three bytes of UTF-8. */
export function roomFor({ key, value }: NewRecord): number {
  const valueBytes = typeof value === 'string' ? value.length * 3 : value.length;
  return OVERHEAD_BYTES + key.length * 3 + valueBytes;
}

/** Writes the record at `offset` and returns the offset after it. `target` has `roomFor` bytes there. */
export function encodeRecord(
  target: Buffer,
  offset: number,
  record: NewRecord & { readonly sequence: number; readonly appendedAt: number },
): number {
  const keyAt = offset + OVERHEAD_BYTES;
  const keyBytes = target.write(record.key, keyAt);
  const valueAt = keyAt + keyBytes;
  let end = valueAt;
  if (typeof record.value === 'string') end += target.write(record.value, valueAt);
  else {
    target.set(record.value, valueAt);
    end += record.value.length;
  }
  target.writeUInt32LE(end - offset - HEADER_BYTES, offset);
  target.writeUInt32LE(record.sequence % 0x1_0000_0000, offset + 8);
  target.writeUInt32LE(Math.floor(record.sequence / 0x1_0000_0000), offset + 12);
  target.writeDoubleLE(record.appendedAt, offset + 16);
  target.writeUInt16LE(keyBytes, offset + 24);
  target.writeUInt32LE(checksum(target, offset, end), offset + 4);
  return end;
}

function checksum(bytes: Buffer, offset: number, end: number): number {
  return crc32c(bytes, offset + 8, end, crc32c(bytes, offset, offset + 4));
}

/** Makes the checksum of a whole record true again after its key or value was overwritten. */
export function resealRecord(record: Buffer): void {
  record.writeUInt32LE(checksum(record, 0, record.length), 4);
}

/** Bytes of the record that starts at `offset`, or null when its length field cannot be true. */
export function recordBytesAt(bytes: Buffer, offset: number): number | null {
  if (offset + 4 > bytes.length) return null;
  const length = bytes.readUInt32LE(offset);
  return length < BODY_PREFIX_BYTES || length > MAX_RECORD_BYTES ? null : HEADER_BYTES + length;
}

export function sequenceAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 8) + bytes.readUInt32LE(offset + 12) * 0x1_0000_0000;
}

export function appendedAtOf(bytes: Buffer, offset: number): number {
  return bytes.readDoubleLE(offset + 16);
}

/** True when a whole record with a matching checksum stands at `offset`. */
export function isRecordAt(bytes: Buffer, offset: number): boolean {
  const size = recordBytesAt(bytes, offset);
  if (size === null || offset + size > bytes.length) return false;
  if (OVERHEAD_BYTES + bytes.readUInt16LE(offset + 24) > size) return false;
  return checksum(bytes, offset, offset + size) === bytes.readUInt32LE(offset + 4);
}

/** The record at `offset`, where `isRecordAt` holds; the value is a view, not a copy. */
export function decodeRecord(bytes: Buffer, offset: number): StoredRecord {
  const end = offset + HEADER_BYTES + bytes.readUInt32LE(offset);
  const keyAt = offset + OVERHEAD_BYTES;
  const valueAt = keyAt + bytes.readUInt16LE(offset + 24);
  return {
    sequence: sequenceAt(bytes, offset),
    appendedAt: appendedAtOf(bytes, offset),
    key: bytes.toString('utf8', keyAt, valueAt),
    value: bytes.subarray(valueAt, end),
  };
}

/**
 * Offset of the next good record at or after `from` with a sequence in [`sequence`, `sequence` + bytes left), or null.
 * The range makes a chance hit in damaged bytes as good as impossible before the checksum is even looked at.
 */
export function findRecord(bytes: Buffer, from: number, sequence: number): number | null {
  for (let at = from; at + OVERHEAD_BYTES <= bytes.length; at += 1) {
    const found = sequenceAt(bytes, at);
    if (found >= sequence && found < sequence + bytes.length && isRecordAt(bytes, at)) return at;
  }
  return null;
}
