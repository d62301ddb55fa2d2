import { describe, expect, it } from 'vitest';
import type { ArtifactHeader } from '../../../src/core/policy/artifact.ts';
import { decodeArtifact, encodeArtifact } from '../../../src/core/policy/codec.ts';
import { fromHex, golden, toHex } from '../support.ts';

interface Golden {
  header: ArtifactHeader;
  weights: number[];
  bytes: string;
}

const vector = golden<Golden>('artifact-codec');
const bytes = fromHex(vector.bytes);
const invalid = expect.objectContaining({ code: 'artifact_invalid' });

/** The golden bytes with another header, whatever it says. */
function withHeader(header: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(12);
  start.write('ALLOTPOL');
  start.writeUInt32LE(json.length, 8);
  const padding = Buffer.alloc((4 - ((12 + json.length) % 4)) % 4);
  const weights = Buffer.from(Float32Array.from(vector.weights).buffer);
  return Uint8Array.from(Buffer.concat([start, json, padding, weights]));
}

describe('the artifact codec', () => {
  it('writes and reads the golden bytes', () => {
    const artifact = { header: vector.header, weights: Float32Array.from(vector.weights) };
    expect(toHex(encodeArtifact(artifact))).toBe(vector.bytes);
    expect(decodeArtifact(bytes)).toEqual(artifact);
    expect(decodeArtifact(withHeader(vector.header))).toEqual(artifact);
  });

  it('reads bytes wherever they lie in a buffer', () => {
    const shifted = new Uint8Array(bytes.length + 5);
    shifted.set(bytes, 3);
    expect(decodeArtifact(shifted.subarray(3, 3 + bytes.length)).header).toEqual(vector.header);
  });

  it('refuses an artifact that was cut anywhere', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeArtifact(bytes.subarray(0, length)), `cut at ${length}`).toThrow(invalid);
    }
  });

  it('refuses foreign bytes, trailing bytes and an absurd header length', () => {
    expect(() => decodeArtifact(new TextEncoder().encode('PK\u0003\u0004 some zip archive'))).toThrow(
      invalid,
    );
    expect(() => decodeArtifact(Uint8Array.from([...bytes, 0, 0, 0, 0]))).toThrow(invalid);
    const absurd = bytes.slice();
    absurd.set([255, 255, 255, 255], 8);
    expect(() => decodeArtifact(absurd)).toThrow(invalid);
  });

  it('refuses a header that is no JSON or no UTF-8', () => {
    for (const byte of [0x2c, 0xff]) {
      const damaged = bytes.slice();
      damaged[12] = byte;
      expect(() => decodeArtifact(damaged)).toThrow(invalid);
    }
  });

  it('refuses weights that are no finite numbers', () => {
    for (const value of [NaN, Infinity]) {
      const damaged = bytes.slice();
      new DataView(damaged.buffer).setFloat32(damaged.length - 4, value, true);
      expect(() => decodeArtifact(damaged)).toThrow(invalid);
    }
  });

  const { header } = vector;
  const [hour, tab] = header.encoder.inputs;
  const encoder = (inputs: unknown[], width = 6): unknown => ({ ...header, encoder: { inputs, width } });
  it.each<[string, unknown]>([
    ['is a list', []],
    ['is of another format', { ...header, format: 'onnx' }],
    ['is of a later format', { ...header, formatVersion: 2 }],
    ['repeats an action', { ...header, actions: ['none', 'none'] }],
    ['has more actions than outputs', { ...header, actions: ['a', 'b', 'c'] }],
    ['lacks its lineage', { ...header, lineage: undefined }],
    ['has groups without names', { ...header, groups: { feature: 'hour', bounds: [1], names: [] } }],
    ['has group bounds that fall', { ...header, groups: { ...header.groups, bounds: [18, 6] } }],
    ['divides by a zero spread', encoder([{ ...hour, std: 0 }, tab])],
    ['has an unknown kind of feature', encoder([{ ...hour, kind: 'image' }, tab])],
    ['tells a wrong input width', encoder([hour, tab], 7)],
    ['has no layers', { ...header, network: [] }],
    [
      'has a layer that does not chain',
      { ...header, network: [{ kind: 'dense', in: 5, out: 2, activation: 'none' }] },
    ],
    [
      'has an unknown activation',
      { ...header, network: [{ kind: 'dense', in: 6, out: 2, activation: 'gelu' }] },
    ],
    ['has a layer of negative width', { ...header, network: [{ kind: 'layer-norm', size: -1 }] }],
    ['counts its weights wrongly', { ...header, weightCount: 13 }],
  ])('refuses a header that %s', (_what, changed) => {
    expect(() => decodeArtifact(withHeader(changed))).toThrow(invalid);
  });

  it('never writes what it would not read', () => {
    const weights = Float32Array.from(vector.weights);
    expect(() => encodeArtifact({ header: { ...header, weightCount: 1 }, weights })).toThrow(invalid);
    expect(() => encodeArtifact({ header, weights: weights.subarray(1) })).toThrow(/do not fit/);
  });
});
