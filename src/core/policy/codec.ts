import { invariant, refuse, violation } from '../check.ts';
import type { ArtifactHeader, PolicyArtifact } from './artifact.ts';
import { checkHeader } from './check-header.ts';

const MAGIC = new TextEncoder().encode('ALLOTPOL');
const HEADER_AT = MAGIC.length + 4;

/** The bytes of an artifact, as `artifact.ts` lays them out. The same artifact gives the same bytes. */
export function encodeArtifact(artifact: PolicyArtifact): Uint8Array {
  refuse('artifact_invalid', checkHeader(artifact.header));
  const { header, weights } = artifact;
  invariant(weights.length === header.weightCount, 'the weights do not fit the header');
  invariant(weights.every(Number.isFinite), 'every weight is a finite number');
  const json = new TextEncoder().encode(JSON.stringify(header));
  const weightsAt = weightsStart(json.length);
  const bytes = new Uint8Array(weightsAt + 4 * weights.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(MAGIC.length, json.length, true);
  bytes.set(json, HEADER_AT);
  for (let i = 0; i < weights.length; i++) view.setFloat32(weightsAt + 4 * i, weights[i], true);
  return bytes;
}

/**
 * Reads an artifact back; refuses (`artifact_invalid`) bytes that are foreign, truncated, too long, or whose header breaks
 * a rule. A change that leaves every rule intact is caught by the hash, which the caller compares first.
 */
export function decodeArtifact(bytes: Uint8Array): PolicyArtifact {
  if (bytes.length < HEADER_AT || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    fail('artifact', 'starts with the mark of an Allot policy');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(MAGIC.length, true);
  const weightsAt = weightsStart(headerLength);
  if (weightsAt > bytes.length) fail('artifact', 'is not truncated (header)', bytes.length);
  const header = parseHeader(bytes.subarray(HEADER_AT, HEADER_AT + headerLength));
  for (let i = HEADER_AT + headerLength; i < weightsAt; i++) {
    if (bytes[i] !== 0) fail('artifact', 'is padded with zeros');
  }
  const expected = weightsAt + 4 * header.weightCount;
  if (bytes.length !== expected) fail('artifact', `has ${expected} bytes, as its header says`, bytes.length);
  const weights = new Float32Array(header.weightCount);
  for (let i = 0; i < weights.length; i++) {
    weights[i] = view.getFloat32(weightsAt + 4 * i, true);
    if (!Number.isFinite(weights[i])) fail(`weights[${i}]`, 'is a finite number', weights[i]);
  }
  return { header, weights };
}

const weightsStart = (headerLength: number): number => Math.ceil((HEADER_AT + headerLength) / 4) * 4;

function parseHeader(bytes: Uint8Array): ArtifactHeader {
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    fail('artifact', 'has a header of valid JSON');
  }
  refuse('artifact_invalid', checkHeader(raw));
  return raw as ArtifactHeader;
}

function fail(field: string, rule: string, value?: unknown): void {
  refuse('artifact_invalid', [violation(field, rule, value)]);
}
