import { createRandom } from '../../src/core/math/random.ts';
import type { EncodedFeature, LayerSpec, PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { widthOf } from '../../src/core/policy/input-layout.ts';
import { makeArtifact } from '../../src/core/policy/make-artifact.ts';
import { weightCountOf } from '../../src/core/policy/network.ts';
import type { Surface } from '../../src/core/surface/surface.ts';

/** Features (each with its default flag) → 64 → 64 → actions, random weights. */
export function randomNetwork(
  surface: Surface,
  inputs: readonly EncodedFeature[],
  seed: number,
): PolicyArtifact {
  const random = createRandom(seed);
  const width = inputs.reduce((sum, input) => sum + widthOf(input) + 1, 0);
  const network: LayerSpec[] = [
    { kind: 'dense', in: width, out: 64, activation: 'relu' },
    { kind: 'dense', in: 64, out: 64, activation: 'relu' },
    { kind: 'dense', in: 64, out: surface.actions.length, activation: 'none' },
  ];
  const weights = Float32Array.from({ length: weightCountOf(network) }, () => random.normal() * 0.1);
  return makeArtifact({
    surface,
    algorithm: 'bench',
    encoder: { inputs, width },
    network,
    weights,
    lineage: { seed, codeVersion: 'bench' },
  });
}
