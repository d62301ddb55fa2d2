import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import type { EncodedFeature, EncoderSpec, LayerSpec } from '../../../src/core/policy/artifact.ts';
import { decodeArtifact, encodeArtifact } from '../../../src/core/policy/codec.ts';
import { compileEncoder, encoderWidth } from '../../../src/core/policy/encoder.ts';
import { hashSlot } from '../../../src/core/policy/feature-hash.ts';
import { makeArtifact } from '../../../src/core/policy/make-artifact.ts';
import { weightCountOf } from '../../../src/core/policy/network.ts';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import type { FeatureValues, Surface } from '../../../src/core/surface/surface.ts';
import { fromHex, golden, liveFeed, toHex } from '../support.ts';

const surface: Surface = {
  ...liveFeed,
  features: [
    ...liveFeed.features,
    { name: 'author', type: 'hashed', buckets: 50, default: '' },
    {
      name: 'recent',
      type: 'sequence',
      length: 3,
      default: [],
      fields: [
        { name: 'watch', type: 'numeric', min: 0, max: 100, default: 10 },
        { name: 'kind', type: 'categorical', values: ['live', 'short'] },
        { name: 'author', type: 'hashed', buckets: 50, default: 'nobody' },
      ],
    },
  ],
};

const sequence: Extract<EncodedFeature, { kind: 'sequence' }> = {
  feature: 'recent',
  kind: 'sequence',
  length: 2,
  fields: [
    { field: 'watch', kind: 'numeric', transform: 'identity', mean: 20, std: 10, default: 10 },
    { field: 'kind', kind: 'categorical-index', values: ['live', 'short'] },
    { field: 'author', kind: 'hashed', buckets: 50, vocabulary: 'author', default: 'nobody' },
  ],
};
const inputs: EncodedFeature[] = [
  { feature: 'author', kind: 'hashed', buckets: 50, vocabulary: 'author' },
  { feature: 'tab', kind: 'categorical-index', values: ['home', 'follow'] },
  sequence,
];
const encoder: EncoderSpec = { inputs, width: encoderWidth(inputs) };

function encode(values: FeatureValues, defaulted: string[] = []): number[] {
  const out = new Float32Array(encoder.width).fill(9);
  compileEncoder(encoder)(values, defaulted, out);
  return [...out];
}

const slot = (name: string): number => hashSlot(name, 50);
const live = { watch: 40, kind: 'live', author: 'a' };
const short = { watch: 0, kind: 'short', author: 'b' };

describe('encoding an open vocabulary and a sequence', () => {
  it('writes slots, and events newest first with their age, each feature followed by its indicator', () => {
    expect(encode({ author: 'a', tab: 'follow', recent: [short, live] })).toEqual([
      ...[slot('a'), 0],
      ...[2, 0],
      ...[1, 2, 0, 1, slot('a'), 0],
      ...[0.5, -2, 0, 2, slot('b'), 0],
      0,
    ]);
  });

  it('takes the newest of more events than the policy was trained for', () => {
    const two = encode({ author: 'a', tab: 'home', recent: [short, live] });
    expect(encode({ author: 'a', tab: 'home', recent: [live, short, live] })).toEqual(two);
  });

  it('puts the declared default where an event lacks a field, and says so', () => {
    expect(encode({ author: '', tab: 'new', recent: [{ kind: 'live' }] })).toEqual([
      ...[0, 0],
      ...[0, 0],
      ...[1, -1, 1, 1, slot('nobody'), 1],
      ...[0, 0, 0, 0, 0, 0],
      0,
    ]);
  });

  it('flags a feature that was defaulted or is absent', () => {
    const found = encode({ author: '', recent: [] }, ['recent']);
    expect([found[1], found[3], found[16]]).toEqual([0, 1, 1]);
  });
});

/** 17 inputs; 50 × 2 for authors, 3 × 1 for kinds and tabs each; a sequence of 2 × 7. */
const network: LayerSpec[] = [
  {
    kind: 'embedding',
    in: 17,
    tables: [
      { rows: 50, dim: 2, columns: [0, 8, 14] },
      { rows: 3, dim: 1, columns: [2, 7, 13] },
    ],
  },
  {
    kind: 'target-attention',
    in: 20,
    query: [{ from: 0, width: 2 }],
    sequence: { from: 5, length: 2, width: 7 },
    dim: 4,
    heads: 1,
  },
  { kind: 'dense', in: 10, out: 3, activation: 'none' },
];
const random = createRandom(9);
const weights = new Float32Array(weightCountOf(network)).map(() => random.normal());
const artifact = makeArtifact({ surface, algorithm: 'bc', encoder, network, weights });

describe('an artifact with embeddings and target attention', () => {
  it('comes back from its bytes as it was', () => {
    expect(decodeArtifact(encodeArtifact(artifact))).toEqual(artifact);
  });

  it('serves a distribution that depends on who is decided about and on what happened', () => {
    const policy = compilePolicy(artifact, surface);
    const of = (author: string, recent: object[]): number[] => {
      const out = new Float64Array(3);
      policy.probabilities({ author, tab: 'home', recent } as unknown as FeatureValues, [], out);
      return [...out];
    };
    const base = of('a', [short, live]);
    expect(Math.abs(base.reduce((x, y) => x + y) - 1)).toBeLessThan(1e-12);
    expect(of('b', [short, live])).not.toEqual(base);
    expect(of('a', [live])).not.toEqual(base);
    expect(of('a', [live, short, live])).toEqual(base);
  });

  const withFeature = (name: string, change: object): Surface => ({
    ...surface,
    features: surface.features.map((f) => (f.name === name ? { ...f, ...change } : f)),
  });
  const fields = (surface.features[6] as { fields: readonly object[] }).fields;

  it.each<[string, Surface]>([
    ['other buckets', withFeature('author', { buckets: 51 })],
    ['a feature of another type', withFeature('author', { type: 'boolean' })],
    [
      'other buckets in the events',
      withFeature('recent', { fields: [...fields.slice(0, 2), { ...fields[2], buckets: 9 }] }),
    ],
    ['an event without the field', withFeature('recent', { fields: fields.slice(1) })],
  ])('is refused on a surface with %s', (_what, other) => {
    expect(() => compilePolicy(artifact, other)).toThrow(/feature of the surface with this type/);
  });

  it('fits a surface whose sequences became longer', () => {
    expect(() => compilePolicy(artifact, withFeature('recent', { length: 100 }))).not.toThrow();
  });

  const withLayer = (i: number, change: object): object => ({
    ...artifact.header,
    network: network.map((layer, l) => (l === i ? { ...layer, ...change } : layer)),
  });
  const withInput = (change: object): object => ({
    ...artifact.header,
    encoder: { ...encoder, inputs: [...inputs.slice(0, 2), { ...sequence, ...change }] },
  });

  it.each<[string, object]>([
    ['a column outside the input', withLayer(0, { tables: [{ rows: 50, dim: 2, columns: [17] }] })],
    [
      'a column of two tables',
      withLayer(0, { tables: [1, 2].map((dim) => ({ rows: 5, dim, columns: [0] })) }),
    ],
    ['a table without rows', withLayer(0, { tables: [{ rows: 0, dim: 2, columns: [0] }] })],
    ['no tables', withLayer(0, { tables: [] })],
    ['heads that do not divide', withLayer(1, { heads: 3 })],
    ['a query inside the sequence', withLayer(1, { query: [{ from: 6, width: 1 }] })],
    ['a query into the sequence', withLayer(1, { query: [{ from: 4, width: 2 }] })],
    [
      'queries that overlap',
      withLayer(1, {
        query: [
          { from: 0, width: 2 },
          { from: 1, width: 2 },
        ],
      }),
    ],
    ['no query', withLayer(1, { query: [] })],
    ['a sequence beyond the input', withLayer(1, { sequence: { from: 7, length: 2, width: 7 } })],
    ['a sequence of absurd length', withInput({ length: 1e9 })],
    ['fields of one name', withInput({ fields: [sequence.fields[0], sequence.fields[0]] })],
    ['a field of a foreign kind', withInput({ fields: [{ field: 'x', kind: 'vector' }] })],
  ])('is refused with %s', (_what, header) => {
    const broken = { header: header as typeof artifact.header, weights };
    expect(() => encodeArtifact(broken)).toThrow(expect.objectContaining({ code: 'artifact_invalid' }));
  });
});

describe('an artifact from before', () => {
  interface Old {
    bytes: string;
    cases: { values: FeatureValues; defaulted: string[]; probabilities: string }[];
  }

  it('has the same bytes and serves the same probabilities to the last bit', () => {
    const { bytes, cases } = golden<Old>('artifact-before-attention');
    const old = decodeArtifact(fromHex(bytes));
    expect(toHex(encodeArtifact(old))).toBe(bytes);
    const policy = compilePolicy(old, liveFeed);
    for (const { values, defaulted, probabilities } of cases) {
      const out = new Float64Array(3);
      policy.probabilities(values, defaulted, out);
      expect(toHex(new Uint8Array(out.buffer))).toBe(probabilities);
    }
  });
});
