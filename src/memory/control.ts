import { AllotError } from '../core/errors.ts';
import { holdsUnits } from '../core/experiment/experiment.ts';
import type { ControlReader, ControlState, SurfaceControl } from '../service/ports/control.ts';
import type { ApiKeyStore, AuditLog } from '../service/ports/stores.ts';
import { changed, compareText, copy, keyOf, signaturesOf, type MemoryState } from './state.ts';

export function createControlReader(state: MemoryState): ControlReader {
  return {
    revision: async () => state.revision,
    load: async () => copy(controlState(state)),
    async loadArtifact(hash) {
      const bytes = state.artifacts.get(hash);
      if (bytes === undefined) throw new AllotError('policy_unknown', `artifact ${hash} is not stored`);
      return copy(bytes);
    },
    async watch(onHint) {
      // A wrapper, so that two watchers with the same function are two.
      const watcher = (): void => onHint();
      state.watchers.add(watcher);
      return { stop: async () => void state.watchers.delete(watcher) };
    },
    async confirm(replicaId, revision) {
      state.replicas.set(replicaId, revision);
    },
    async retire(replicaId) {
      state.replicas.delete(replicaId);
    },
    async replicas() {
      return [...state.replicas]
        .map(([replica, revision]) => ({ replica, revision }))
        .sort((a, b) => compareText(a.replica, b.replica));
    },
  };
}

function controlState(state: MemoryState): ControlState {
  const surfaces = [...state.surfaces.entries()].sort(([a], [b]) => compareText(a, b));
  return {
    revision: state.revision,
    surfaces: surfaces.map(([, entry]): SurfaceControl => {
      const { tenant, surface, isKilled } = entry;
      const aliases = Object.fromEntries(state.aliases.get(keyOf(tenant, surface.name)) ?? []);
      const experiments = [...state.experiments.values()]
        .filter((e) => e.tenant === tenant && e.experiment.surface === surface.name)
        .map((e) => e.experiment)
        .filter(holdsUnits);
      const used = new Set([
        ...Object.values(aliases),
        ...experiments.flatMap((e) => e.variants.map((v) => v.policyVersion)),
      ]);
      const policies = [...state.policies.values()]
        .filter((p) => p.tenant === tenant && p.policy.surface === surface.name && used.has(p.policy.version))
        .map(({ policy: { version, artifactHash } }) => {
          const signatures = signaturesOf(state, artifactHash);
          return { version, artifactHash, ...(signatures.length === 0 ? {} : { signatures }) };
        });
      return { tenant, surface, isKilled, aliases, experiments, policies };
    }),
    keys: [...state.keys.values()],
  };
}

export function createApiKeyStore(state: MemoryState): ApiKeyStore {
  return {
    async add(key) {
      const isTaken = [...state.keys.values()].some((k) => k.id === key.id || k.keyHash === key.keyHash);
      if (isTaken) throw new AllotError('state_conflict', `id: key ${key.id} exists`);
      state.keys.set(key.id, copy(key));
      changed(state, { tenant: key.tenant, id: 'cli' }, 'key.add', key.id, { role: key.role });
    },
    async list(tenant) {
      return copy([...state.keys.values()].filter((key) => key.tenant === tenant));
    },
    async revoke(tenant, id) {
      const key = state.keys.get(id);
      if (key?.tenant !== tenant) throw new AllotError('invalid_request', `id: there is no key ${id}`);
      if (key.revokedAt !== null) return;
      state.keys.set(id, { ...key, revokedAt: state.now() });
      changed(state, { tenant, id: 'cli' }, 'key.revoke', id);
    },
  };
}

export function createAuditLog(state: MemoryState): AuditLog {
  return {
    async list(tenant, limit) {
      return copy(state.audit.filter((row) => row.tenant === tenant).map((row) => row.entry))
        .reverse()
        .slice(0, limit);
    },
  };
}
