import { createHash } from 'node:crypto';
import type { ArtifactLineage, EncoderSpec, PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { makeArtifact } from '../../src/core/policy/make-artifact.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { TrainedActor } from './run/learner.ts';

export interface ExportedPolicy {
  readonly artifact: PolicyArtifact;
  readonly bytes: Uint8Array;
  /** SHA-256 over the bytes, hex. */
  readonly hash: string;
}

/** The student that is evaluated and served; here the actor itself. */
export function exportPolicy(input: {
  readonly surface: Surface;
  readonly algorithm: string;
  readonly encoder: EncoderSpec;
  readonly actor: Pick<TrainedActor, 'layers' | 'weights'>;
  readonly lineage: ArtifactLineage;
}): ExportedPolicy {
  const { surface, algorithm, encoder, actor, lineage } = input;
  const artifact = makeArtifact({
    surface,
    algorithm,
    encoder,
    groups: surface.groups,
    network: actor.layers,
    weights: actor.weights,
    lineage,
  });
  const bytes = encodeArtifact(artifact);
  return { artifact, bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}
