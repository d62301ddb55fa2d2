import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CheckpointArray, PhaseCheckpoint } from './checkpoints.ts';

/**
 * One checkpoint as bytes:
 *
 *     magic (8) · SHA-256 of all that follows (32) · header length (4, little endian) · header (JSON) · arrays
 *
 * The arrays follow each other in the order of the header, little endian. JSON keeps every finite double exactly, and
 * a metric that is not finite has stopped the training before it could get here.
 */
const magic = Buffer.from('ALLOTCK1');
const hashAt = magic.length;
const lengthAt = hashAt + 32;
const headerAt = lengthAt + 4;

const kinds = { Float32Array, Float64Array, Int32Array, Uint8Array } as const;
type Kind = keyof typeof kinds;

interface Header extends Omit<PhaseCheckpoint, 'arrays'> {
  readonly arrays: readonly { readonly name: string; readonly kind: Kind; readonly length: number }[];
}

export function encodeCheckpoint({ arrays, ...rest }: PhaseCheckpoint): Buffer {
  const named = Object.entries(arrays);
  const listed = named.map(([name, array]) => ({ name, kind: kindOf(array), length: array.length }));
  const header = Buffer.from(JSON.stringify({ ...rest, arrays: listed } satisfies Header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const values = named.map(([, a]) => Buffer.from(a.buffer, a.byteOffset, a.byteLength));
  const content = Buffer.concat([length, header, ...values]);
  return Buffer.concat([magic, sha256(content), content]);
}

/** Throws with the reason when the bytes are not what was written. */
export function decodeCheckpoint(bytes: Buffer): PhaseCheckpoint {
  if (bytes.length < headerAt || !bytes.subarray(0, hashAt).equals(magic))
    throw new Error('it is not a checkpoint, or only its beginning');
  if (!sha256(bytes.subarray(lengthAt)).equals(bytes.subarray(hashAt, lengthAt)))
    throw new Error('its SHA-256 is not that of its content');
  const end = headerAt + bytes.readUInt32LE(lengthAt);
  const { arrays, ...rest } = JSON.parse(bytes.toString('utf8', headerAt, end)) as Header;
  let at = end;
  const named = arrays.map(({ name, kind, length }) => {
    // A copy, because the values begin wherever the header ended and typed arrays must be aligned.
    const size = length * kinds[kind].BYTES_PER_ELEMENT;
    const own = new Uint8Array(bytes.subarray(at, at + size));
    at += size;
    return [name, new kinds[kind](own.buffer)] as const;
  });
  return { ...rest, arrays: Object.fromEntries(named) };
}

export const readCheckpoint = (file: string): PhaseCheckpoint => decodeCheckpoint(readFileSync(file));

/** The file is there as a whole or not at all, also after a loss of power. */
export function writeDurably(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.tmp`;
  writeAndSync(temporary, bytes);
  renameSync(temporary, file);
  syncFolder(dirname(file));
}

function writeAndSync(file: string, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'w');
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The new name is part of the folder, which has a cache of its own. Windows knows no such call and needs none. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

function kindOf(array: CheckpointArray): Kind {
  const found = Object.entries(kinds).find(([, constructor]) => array instanceof constructor);
  if (found === undefined) throw new TypeError('a checkpoint holds no such array');
  return found[0] as Kind;
}
