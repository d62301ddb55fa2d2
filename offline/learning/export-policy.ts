import { createHash } from 'node:crypto';
import type { ArtifactLineage, EncoderSpec, PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { TrainedActor } from './learner.ts';

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
  const { surface, actor } = input;
  const artifact: PolicyArtifact = {
    header: {
      format: 'allot-policy',
      formatVersion: 1,
      surface: surface.name,
      schemaVersion: surface.schemaVersion,
      actions: surface.actions,
      algorithm: input.algorithm,
      encoder: input.encoder,
      groups: surface.groups,
      network: actor.layers,
      weightCount: actor.weights.length,
      lineage: input.lineage,
    },
    weights: actor.weights,
  };
  const bytes = encodeArtifact(artifact);
  return { artifact, bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}
