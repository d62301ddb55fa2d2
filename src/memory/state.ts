import type { Experiment } from '../core/experiment/experiment.ts';
import type { DecisionEvent, ExposureEvent, InteractionEvent } from '../core/feedback/events.ts';
import type { Surface } from '../core/surface/surface.ts';
import type { ApiKeyRecord, ArtifactSignature } from '../service/ports/control.ts';
import type { Forecast, RunKind, RunRecord } from '../service/ports/runs.ts';
import type { Actor, AliasChange, AuditEntry, DeadLetter, PolicyVersion } from '../service/ports/stores.ts';

/** What all stores of one memory share. Keys of maps are `tenant ␟ name`, see `keyOf`. */
export interface MemoryState {
  readonly now: () => number;
  revision: number;
  readonly watchers: Set<() => void>;
  readonly surfaces: Map<string, { tenant: string; surface: Surface; isKilled: boolean }>;
  readonly artifacts: Map<string, Uint8Array>;
  /** By artifact hash, then by key. */
  readonly signatures: Map<string, Map<string, ArtifactSignature>>;
  readonly policies: Map<string, { tenant: string; policy: PolicyVersion }>;
  readonly aliases: Map<string, Map<string, string>>;
  readonly aliasHistory: Map<string, AliasChange[]>;
  readonly experiments: Map<string, { tenant: string; experiment: Experiment; looks: object[] }>;
  readonly runs: Map<string, { tenant: string; run: RunRecord }>;
  readonly forecasts: Map<string, { tenant: string; surface: string; forecast: Forecast }>;
  readonly keys: Map<string, ApiKeyRecord>;
  readonly audit: { tenant: string; entry: AuditEntry }[];
  readonly decisions: Map<string, DecisionEvent>;
  readonly exposures: Map<string, ExposureEvent>;
  readonly interactions: Map<string, InteractionEvent>;
  readonly deadLetters: Map<string, DeadLetter>;
  readonly replicas: Map<string, number>;
  readonly jobs: Map<string, { kind: RunKind; runId: string; tenant: string }>;
}

export function createState(now: () => number): MemoryState {
  return {
    now,
    revision: 1,
    watchers: new Set(),
    surfaces: new Map(),
    artifacts: new Map(),
    signatures: new Map(),
    policies: new Map(),
    aliases: new Map(),
    aliasHistory: new Map(),
    experiments: new Map(),
    runs: new Map(),
    forecasts: new Map(),
    keys: new Map(),
    audit: [],
    decisions: new Map(),
    exposures: new Map(),
    interactions: new Map(),
    deadLetters: new Map(),
    replicas: new Map(),
    jobs: new Map(),
  };
}

export const keyOf = (...parts: readonly string[]): string => parts.join('\u001f');

/** Stored things are copies: nobody changes them from outside, as with a database. */
export const copy = <T>(value: T): T => structuredClone(value);

export function audit(
  state: MemoryState,
  actor: Actor,
  action: string,
  subject: string,
  details: Readonly<Record<string, unknown>> = {},
): void {
  const { tenant, id, reason = null } = actor;
  state.audit.push({ tenant, entry: { at: state.now(), actor: id, action, subject, reason, details } });
}

/** An audited change of what deciders read: a new revision, and a hint to those who watch. */
export function changed(
  state: MemoryState,
  actor: Actor,
  action: string,
  subject: string,
  details: Readonly<Record<string, unknown>> = {},
): void {
  audit(state, actor, action, subject, details);
  state.revision += 1;
  for (const watcher of state.watchers) watcher();
}

export const signaturesOf = (state: MemoryState, artifactHash: string | null): ArtifactSignature[] =>
  [...(state.signatures.get(artifactHash ?? '')?.values() ?? [])].sort((a, b) =>
    compareText(keyOf(a.keyId, a.signature), keyOf(b.keyId, b.signature)),
  );

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
