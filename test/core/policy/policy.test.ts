import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import type { EncoderSpec, PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import { compileEncoder, encoderWidth } from '../../../src/core/policy/encoder.ts';
import { compilePolicy, fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import { liveFeed } from '../support.ts';

const inputs: EncoderSpec['inputs'] = [
  { feature: 'hour', kind: 'numeric', transform: 'identity', mean: 12, std: 4 },
  { feature: 'activeDays', kind: 'numeric', transform: 'log1p', mean: 0, std: 1 },
  { feature: 'tab', kind: 'categorical', values: ['home', 'follow'] },
  { feature: 'isNew', kind: 'boolean' },
  { feature: 'embedding', kind: 'vector', mean: [0, 0, 1], std: [1, 2, 1] },
];
const spec: EncoderSpec = { inputs, width: encoderWidth(inputs) };

function encode(values: Record<string, never> | object, defaulted: string[] = []): number[] {
  const out = new Float32Array(spec.width).fill(9);
  compileEncoder(spec)(values as Record<string, number>, defaulted, out);
  return [...out];
}

describe('the encoder', () => {
  it('writes each feature in order, followed by its default indicator', () => {
    const values = { hour: 16, activeDays: Math.E - 1, tab: 'follow', isNew: true, embedding: [0.5, 1, 1] };
    expect(encode(values)).toEqual([1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0.5, 0.5, 0, 0]);
  });

  it('flags defaulted and absent features, and sends an unseen category to the unknown slot', () => {
    const values = { hour: 12, activeDays: 0, tab: 'new tab', isNew: false };
    expect(encode(values, ['activeDays'])).toEqual([0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  });
});

const groups = liveFeed.groups;
const width = spec.width;

function artifactOf(): PolicyArtifact {
  const random = createRandom(4);
  const fixed = fixedPolicyArtifact(liveFeed, [1 / 3, 1 / 3, 1 / 3]);
  const blocks = 4 * (width + 1) * 3;
  return {
    header: {
      ...fixed.header,
      encoder: spec,
      groups,
      network: [
        {
          kind: 'group-routed',
          groups: 4,
          in: width,
          out: 3,
          activation: 'none',
          layerNorm: false,
          concatInput: false,
        },
      ],
      weightCount: blocks,
    },
    weights: Float32Array.from({ length: blocks }, () => random.normal()),
  };
}

const values = { hour: 1, activeDays: 5, tab: 'home', isNew: false, embedding: [0, 0, 0] };

describe('a policy', () => {
  it('gives a distribution that depends on the features and on the unit’s group', () => {
    const policy = compilePolicy(artifactOf(), liveFeed);
    const of = (changed: object, defaulted: string[] = []): number[] => {
      const out = new Float64Array(policy.actionCount);
      policy.probabilities({ ...values, ...changed }, defaulted, out);
      return [...out];
    };
    const base = of({});
    expect(Math.abs(base.reduce((a, b) => a + b) - 1)).toBeLessThan(1e-15);
    expect(of({ hour: 20 })).not.toEqual(base);
    expect(of({ activeDays: 9.9 })).not.toEqual(of({ activeDays: 10 }));
    expect(of({ activeDays: 0 }, ['activeDays'])).not.toEqual(of({ activeDays: 0 }));
  });

  it('is refused when made for another surface, schema, action order or feature', () => {
    const artifact = artifactOf();
    const other = [
      { ...liveFeed, name: 'other' },
      { ...liveFeed, schemaVersion: 2 },
      { ...liveFeed, actions: ['none', 'insert-top', 'insert'] },
      { ...liveFeed, actions: ['none', 'insert'] },
      { ...liveFeed, features: liveFeed.features.slice(1) },
      {
        ...liveFeed,
        features: liveFeed.features.map((f) => (f.type === 'vector' ? { ...f, length: 4 } : f)),
      },
    ];
    for (const surface of other) {
      expect(() => compilePolicy(artifact, surface)).toThrow(
        expect.objectContaining({ code: 'artifact_invalid' }),
      );
    }
  });

  it('can be fixed: uniform exactly, anything else to float32 logits, zero exactly', () => {
    const out = new Float64Array(3);
    const fixed = (p: number[]): number[] => {
      compilePolicy(fixedPolicyArtifact(liveFeed, p), liveFeed).probabilities(values, [], out);
      return [...out];
    };
    expect(fixed([1 / 3, 1 / 3, 1 / 3])).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(fixed([0, 1, 0])).toEqual([0, 1, 0]);
    [0.7, 0.2, 0.1].forEach((p, a) => expect(Math.abs(fixed([0.7, 0.2, 0.1])[a] - p)).toBeLessThan(1e-6));
    expect(() => fixedPolicyArtifact(liveFeed, [0.5, 0.5])).toThrow();
    expect(() => fixedPolicyArtifact(liveFeed, [0.5, 0.5, 0.5])).toThrow();
  });
});
