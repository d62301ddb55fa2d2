import { refuse } from '../core/check.ts';
import { AllotError } from '../core/errors.ts';
import { breakingChanges } from '../core/surface/check-surface.ts';
import type { Surface } from '../core/surface/surface.ts';
import type { ArtifactSignature } from '../service/ports/control.ts';
import type { Actor, PolicyStore, PolicyVersion, SurfaceStore } from '../service/ports/stores.ts';
import { changed, compareText, copy, keyOf, signaturesOf, type MemoryState } from './state.ts';

export function createSurfaceStore(state: MemoryState): SurfaceStore {
  return {
    async declare(surface, actor) {
      const key = keyOf(actor.tenant, surface.name);
      const previous = state.surfaces.get(key);
      if (previous !== undefined) {
        refuse('schema_breaking_change', breakingChanges(previous.surface, surface));
      }
      const isKilled = previous?.isKilled ?? false;
      state.surfaces.set(key, { tenant: actor.tenant, surface: copy(surface), isKilled });
      changed(state, actor, 'surface.declare', surface.name, { schemaVersion: surface.schemaVersion });
    },
    async find(tenant, name) {
      return copy(state.surfaces.get(keyOf(tenant, name))?.surface);
    },
    async list(tenant) {
      return [...state.surfaces.values()]
        .filter((entry) => entry.tenant === tenant)
        .map((entry) => copy(entry.surface))
        .sort((a, b) => compareText(a.name, b.name));
    },
    async setKilled(name, isKilled, actor) {
      const entry = requireSurface(state, actor.tenant, name);
      entry.isKilled = isKilled;
      changed(state, actor, isKilled ? 'surface.kill' : 'surface.revive', name);
    },
  };
}

export function requireSurface(
  state: MemoryState,
  tenant: string,
  name: string,
): { surface: Surface; isKilled: boolean } {
  const entry = state.surfaces.get(keyOf(tenant, name));
  if (entry === undefined) throw new AllotError('surface_unknown', `surface: ${name} is not declared`);
  return entry;
}

export function createPolicyStore(state: MemoryState): PolicyStore {
  const policiesOf = (tenant: string, surface?: string): PolicyVersion[] =>
    [...state.policies.values()]
      .filter(
        (entry) => entry.tenant === tenant && (surface === undefined || entry.policy.surface === surface),
      )
      .map((entry) => entry.policy);

  const add = (actor: Actor, policy: Omit<PolicyVersion, 'version' | 'createdAt'>): PolicyVersion => {
    const number = policiesOf(actor.tenant, policy.surface).length + 1;
    const added = { ...copy(policy), version: `${policy.surface}@${number}`, createdAt: state.now() };
    state.policies.set(keyOf(actor.tenant, added.version), { tenant: actor.tenant, policy: added });
    return added;
  };

  return {
    async publish({ surface, header, bytes, hash, signature }, actor) {
      requireSurface(state, actor.tenant, surface);
      const known = policiesOf(actor.tenant, surface).find((p) => p.artifactHash === hash);
      const isSigned = addSignature(state, hash, signature);
      if (known !== undefined) {
        if (isSigned) changed(state, actor, 'policy.sign', known.version, { artifactHash: hash });
        return copy(known);
      }
      state.artifacts.set(hash, Uint8Array.from(bytes));
      const added = add(actor, { surface, algorithm: header.algorithm, artifactHash: hash, header });
      changed(state, actor, 'policy.publish', added.version, { artifactHash: hash });
      return copy(added);
    },
    async publishExternal(surface, name, actor) {
      requireSurface(state, actor.tenant, surface);
      const algorithm = `external:${name}`;
      const known = policiesOf(actor.tenant, surface).find(
        (p) => p.artifactHash === null && p.algorithm === algorithm,
      );
      if (known !== undefined) return copy(known);
      const added = add(actor, { surface, algorithm, artifactHash: null, header: null });
      changed(state, actor, 'policy.publish-external', added.version, { name });
      return copy(added);
    },
    async find(tenant, version) {
      return copy(state.policies.get(keyOf(tenant, version))?.policy);
    },
    async list(tenant, surface) {
      // Numbers rise with insertion; the sort is stable.
      return copy(policiesOf(tenant, surface)).sort((a, b) => compareText(a.surface, b.surface));
    },
    async artifact(tenant, version) {
      const hash = state.policies.get(keyOf(tenant, version))?.policy.artifactHash;
      return hash === undefined || hash === null ? undefined : copy(state.artifacts.get(hash));
    },
    async sign(version, signature, actor) {
      const policy = state.policies.get(keyOf(actor.tenant, version))?.policy;
      if (policy === undefined) {
        throw new AllotError('policy_unknown', `version: ${version} is not registered`);
      }
      const { artifactHash } = policy;
      if (artifactHash === null) {
        throw new AllotError('state_conflict', `version: ${version} has no artifact to sign`);
      }
      if (!addSignature(state, artifactHash, signature)) return;
      changed(state, actor, 'policy.sign', version, { artifactHash, keyId: signature.keyId });
    },
    async signatures(tenant, version) {
      return copy(
        signaturesOf(state, state.policies.get(keyOf(tenant, version))?.policy.artifactHash ?? null),
      );
    },
    async setAlias(surface, alias, version, actor) {
      setAlias(state, { surface, alias, version }, actor);
    },
    async aliases(tenant, surface) {
      return Object.fromEntries(state.aliases.get(keyOf(tenant, surface)) ?? []);
    },
    async aliasHistory(tenant, surface) {
      return copy(state.aliasHistory.get(keyOf(tenant, surface)) ?? []);
    },
  };
}

function addSignature(state: MemoryState, hash: string, signed: ArtifactSignature | undefined): boolean {
  if (signed === undefined) return false;
  const known = state.signatures.get(hash) ?? new Map<string, ArtifactSignature>();
  const key = keyOf(signed.keyId, signed.signature);
  if (known.has(key)) return false;
  state.signatures.set(hash, known.set(key, copy(signed)));
  return true;
}

export function setAlias(
  state: MemoryState,
  { surface, alias, version }: Readonly<Record<'surface' | 'alias' | 'version', string>>,
  actor: Actor,
): void {
  requireSurface(state, actor.tenant, surface);
  if (state.policies.get(keyOf(actor.tenant, version))?.policy.surface !== surface) {
    throw new AllotError('policy_unknown', `version: ${version} is not a policy version of ${surface}`);
  }
  const key = keyOf(actor.tenant, surface);
  const aliases = state.aliases.get(key) ?? new Map<string, string>();
  if (aliases.get(alias) === version) return;
  state.aliases.set(key, aliases.set(alias, version));
  const change = {
    alias,
    version,
    changedAt: state.now(),
    changedBy: actor.id,
    reason: actor.reason ?? null,
  };
  state.aliasHistory.set(key, [...(state.aliasHistory.get(key) ?? []), change]);
  changed(state, actor, 'alias.set', `${surface}/${alias}`, { version });
}
