import type { Surface } from '../surface/surface.ts';
import type { ArtifactHeader, ArtifactLineage, PolicyArtifact } from './artifact.ts';

/** Of a policy that nobody trained: the same parts give the same bytes, hence the same version. */
const NO_LINEAGE: ArtifactLineage = {
  runId: null,
  snapshotHash: null,
  seed: null,
  backend: null,
  codeVersion: 'none',
  config: {},
  createdAt: '1970-01-01T00:00:00.000Z',
};

/** An artifact for a surface; what is not given of its lineage did not take part. */
export function makeArtifact(
  parts: Pick<ArtifactHeader, 'algorithm' | 'encoder' | 'network'> & {
    readonly surface: Surface;
    readonly groups?: ArtifactHeader['groups'];
    readonly weights: Float32Array;
    readonly lineage?: Partial<ArtifactLineage>;
  },
): PolicyArtifact {
  const { surface, algorithm, encoder, network, weights } = parts;
  return {
    header: {
      format: 'allot-policy',
      formatVersion: 1,
      surface: surface.name,
      schemaVersion: surface.schemaVersion,
      actions: surface.actions,
      algorithm,
      encoder,
      groups: parts.groups ?? null,
      network,
      weightCount: weights.length,
      lineage: { ...NO_LINEAGE, ...parts.lineage },
    },
    weights,
  };
}
