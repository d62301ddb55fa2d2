import type { FeatureValues } from '../../src/core/surface/surface.ts';
import type { SnapshotManifest } from './manifest.ts';

/**
 * A snapshot in memory, by columns. n = rows, K = actions of the surface; rows are ordered by unit, then by the
 * unit's real exposure order, so that a session is a contiguous run.
 */
export interface Dataset {
  readonly manifest: SnapshotManifest;
  readonly rows: number;
  readonly decisionIds: string[];
  readonly unitIds: string[];
  /** 0 … unitCount − 1, in row order. */
  readonly units: Int32Array;
  readonly unitCount: number;
  readonly sessionIds: (string | null)[];
  readonly decidedAt: Float64Array;
  readonly groups: Int32Array;
  /** As decided on: declared defaults filled in. */
  readonly features: FeatureValues[];
  readonly defaulted: (readonly string[])[];
  /** n·K, 1 where the caller allowed the action and no counter of the service had capped it. */
  readonly eligible: Uint8Array;
  readonly actions: Int32Array;
  readonly propensities: Float64Array;
  /** n·K, as finally served; NaN over the whole row where an imported log does not tell. */
  readonly probabilities: Float64Array;
  readonly policyVersions: string[];
  readonly isForced: Uint8Array;
  readonly isComplete: Uint8Array;
  readonly responses: ReadonlyMap<string, Float64Array>;
  /** The unit's next row inside the session; −1: none. */
  readonly nextRow: Int32Array;
  /** The session really ended here. */
  readonly done: Uint8Array;
  /** The session may have gone on, but its next state is not in the data. */
  readonly truncated: Uint8Array;
}
