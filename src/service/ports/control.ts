import type { Experiment } from '../../core/experiment/experiment.ts';
import type { Surface } from '../../core/surface/surface.ts';

/** Everything a decider needs, in one consistent read; `revision` grows with every change. */
export interface ControlState {
  readonly revision: number;
  readonly surfaces: readonly SurfaceControl[];
  readonly keys: readonly ApiKeyRecord[];
}

export interface SurfaceControl {
  readonly tenant: string;
  readonly surface: Surface;
  readonly isKilled: boolean;
  /** alias → policy version, e.g. champion → live-feed@42 */
  readonly aliases: Readonly<Record<string, string>>;
  /** Those that hold units: running, paused, decided. */
  readonly experiments: readonly Experiment[];
  /** Versions that aliases and these experiments refer to, with their artifact's hash (null: external policy). */
  readonly policies: readonly ReferredPolicy[];
}

export interface ReferredPolicy {
  readonly version: string;
  readonly artifactHash: string | null;
  /** Absent: nobody has signed the artifact. */
  readonly signatures?: readonly ArtifactSignature[];
}

/** Of an artifact's hash, by Ed25519; see `registry/artifact-signatures.ts`. */
export interface ArtifactSignature {
  readonly keyId: string;
  /** 64 bytes, base64url. */
  readonly signature: string;
}

export type Role = 'decider' | 'analyst' | 'trainer' | 'admin' | 'reader';

export interface ApiKeyRecord {
  readonly id: string;
  /** SHA-256 of the key, hex. */
  readonly keyHash: string;
  readonly tenant: string;
  readonly role: Role;
  /** null: every surface of the tenant. */
  readonly surfaces: readonly string[] | null;
  readonly revokedAt: number | null;
}

export interface ReplicaRevision {
  readonly replica: string;
  readonly revision: number;
}

/** Read side for the deciders; the watcher in `service/serving` polls it and replaces its snapshot atomically. */
export interface ControlReader {
  revision(): Promise<number>;
  load(): Promise<ControlState>;
  loadArtifact(artifactHash: string): Promise<Uint8Array>;
  /** Calls back on every hint of a change (NOTIFY); hints may be lost, the poll is what counts. */
  watch(onHint: () => void): Promise<{ stop(): Promise<void> }>;
  /** Tells which revision this replica has applied, and that it lives. */
  confirm(replicaId: string, revision: number): Promise<void>;
  /** The replica has stopped. */
  retire(replicaId: string): Promise<void>;
  /** Those that have told so lately that they may still decide. */
  replicas(): Promise<readonly ReplicaRevision[]>;
  /** Into the audit trail of every tenant concerned: what the break-glass file of a process said, and when. */
  noteBreakGlass?(
    replicaId: string,
    note: { readonly at: number; readonly killed: readonly string[] },
  ): Promise<void>;
}

/** Last good copies on the local disk: the control state and artifacts, hashed; damaged copies are refused. */
export interface LastGoodCopy {
  save(state: ControlState, artifacts: ReadonlyMap<string, Uint8Array>): Promise<void>;
  load(): Promise<{
    readonly state: ControlState;
    readonly artifacts: ReadonlyMap<string, Uint8Array>;
  } | null>;
}
