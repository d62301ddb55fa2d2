import type { Experiment } from '../../core/experiment/experiment.ts';
import type { ExperimentChange } from '../../core/experiment/transition.ts';
import type { DecisionEvent, ExposureEvent, InteractionEvent, LogEvent } from '../../core/feedback/events.ts';
import type { ArtifactHeader } from '../../core/policy/artifact.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { ApiKeyRecord, ArtifactSignature } from './control.ts';

/** Who changed something, for the audit trail: every write of the registry takes one. */
export interface Actor {
  readonly tenant: string;
  /** API key id or `cli`. */
  readonly id: string;
  readonly reason?: string;
}

export interface SurfaceStore {
  /** Creates or replaces; `schema_breaking_change` unless compatible or with a higher schemaVersion. */
  declare(surface: Surface, actor: Actor): Promise<void>;
  find(tenant: string, name: string): Promise<Surface | undefined>;
  list(tenant: string): Promise<readonly Surface[]>;
  setKilled(name: string, isKilled: boolean, actor: Actor): Promise<void>;
}

export interface PolicyVersion {
  /** `surface@n` */
  readonly version: string;
  readonly surface: string;
  readonly algorithm: string;
  /** null: a behaviour policy of elsewhere that only names rows of an imported log. */
  readonly artifactHash: string | null;
  readonly header: ArtifactHeader | null;
  readonly createdAt: number;
}

export interface AliasChange {
  readonly alias: string;
  readonly version: string;
  readonly changedAt: number;
  readonly changedBy: string;
  readonly reason: string | null;
}

export interface PolicyStore {
  /** Registers bytes that the caller has verified; the same bytes give the same version again. */
  publish(
    policy: {
      readonly surface: string;
      readonly header: ArtifactHeader;
      readonly bytes: Uint8Array;
      readonly hash: string;
      readonly signature?: ArtifactSignature;
    },
    actor: Actor,
  ): Promise<PolicyVersion>;
  /** Adds a signature to the artifact of a version, or replaces the same key's. `state_conflict` where it has none. */
  sign(version: string, signature: ArtifactSignature, actor: Actor): Promise<void>;
  signatures(tenant: string, version: string): Promise<readonly ArtifactSignature[]>;
  publishExternal(surface: string, name: string, actor: Actor): Promise<PolicyVersion>;
  find(tenant: string, version: string): Promise<PolicyVersion | undefined>;
  list(tenant: string, surface?: string): Promise<readonly PolicyVersion[]>;
  artifact(tenant: string, version: string): Promise<Uint8Array | undefined>;
  setAlias(surface: string, alias: string, version: string, actor: Actor): Promise<void>;
  aliases(tenant: string, surface: string): Promise<Readonly<Record<string, string>>>;
  aliasHistory(tenant: string, surface: string): Promise<readonly AliasChange[]>;
}

/** A leader's epoch: its writes are refused once another one was elected. */
export interface Fence {
  readonly name: string;
  readonly epoch: number;
}

export interface ExperimentStore {
  create(experiment: Experiment, actor: Actor): Promise<void>;
  find(tenant: string, id: string): Promise<Experiment | undefined>;
  list(tenant: string, surface?: string): Promise<readonly Experiment[]>;
  /** `state_conflict` when the change may not be made, or when `fence` is not the newest leader's. */
  transition(id: string, change: ExperimentChange, actor: Actor, fence?: Fence): Promise<Experiment>;
  recordLook(id: string, look: Readonly<Record<string, unknown>>, actor: Actor, fence?: Fence): Promise<void>;
  looks(tenant: string, id: string, page: PageRequest): Promise<LookPage>;
}

/** So many of the newest; with `before` of those before that one. */
export interface PageRequest {
  readonly limit: number;
  readonly before?: number;
}

export interface LookPage {
  /** Oldest first, as stored. */
  readonly looks: readonly Readonly<Record<string, unknown>>[];
  /** `before` of the page before this one; null: there is none. */
  readonly next: number | null;
  /** How many looks the experiment has had. */
  readonly stored: number;
}

export interface DeadLetter {
  readonly id: string;
  readonly receivedAt: number;
  readonly reason: string;
  readonly record: Uint8Array;
}

export interface EventBatch {
  readonly events: readonly LogEvent[];
  readonly deadLetters: readonly Omit<DeadLetter, 'id'>[];
  /** Somebody brings these on purpose: they are stored even where retention has dropped their day. */
  readonly isImport?: boolean;
}

/** Ingest's write side: one call is one transaction, dead letters included; repeats have no effect. */
export interface EventStore {
  write(batch: EventBatch): Promise<WriteCounts>;
}

export interface WriteCounts {
  readonly inserted: {
    readonly decisions: number;
    readonly exposures: number;
    readonly interactions: number;
  };
  readonly duplicates: {
    readonly decisions: number;
    readonly exposures: number;
    readonly interactions: number;
  };
  /** Dropped: their unit was forgotten. Absent where the store forgets nobody. */
  readonly forgotten?: {
    readonly decisions: number;
    readonly exposures: number;
    readonly interactions: number;
  };
  /** Dropped: retention has dropped their day. Absent where the store drops no days. */
  readonly tooLate?: {
    readonly decisions: number;
    readonly exposures: number;
    readonly interactions: number;
  };
  readonly deadLetters: number;
}

export interface DeadLetterStore {
  list(limit: number): Promise<readonly DeadLetter[]>;
  /** Of all of them: records may be large. */
  ids(): Promise<readonly string[]>;
  find(id: string): Promise<DeadLetter | undefined>;
  remove(ids: readonly string[]): Promise<number>;
}

/** A decision with everything that followed it, as stored. */
export interface DecisionRecord {
  readonly decision: DecisionEvent;
  readonly exposures: readonly ExposureEvent[];
  readonly interactions: readonly InteractionEvent[];
}

export interface DecisionReader {
  find(tenant: string, decisionId: string): Promise<DecisionRecord | undefined>;
  /** Streams in (unit, decidedAt) order: decisions of the surface with decidedAt in [from, until). */
  stream(query: {
    readonly tenant: string;
    readonly surface: string;
    readonly from: number;
    readonly until: number;
  }): AsyncIterable<DecisionRecord>;
  counts(
    tenant: string,
    surface?: string,
  ): Promise<{
    readonly decisions: number;
    readonly exposures: number;
    readonly interactions: number;
    readonly orphans: number;
  }>;
}

export interface AuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditLog {
  list(tenant: string, limit: number): Promise<readonly AuditEntry[]>;
}

export interface ApiKeyStore {
  add(key: ApiKeyRecord): Promise<void>;
  list(tenant: string): Promise<readonly ApiKeyRecord[]>;
  revoke(tenant: string, id: string): Promise<void>;
}
