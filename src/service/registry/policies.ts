import { refuse, violation } from '../../core/check.ts';
import { AllotError, type Violation } from '../../core/errors.ts';
import { decodeArtifact, encodeArtifact } from '../../core/policy/codec.ts';
import { compilePolicy, fixedPolicyArtifact } from '../../core/policy/policy.ts';
import { unheldLimits } from '../../core/surface/unheld-limits.ts';
import type { ArtifactSignature } from '../ports/control.ts';
import type { PolicyStore, PolicyVersion, SurfaceStore } from '../ports/stores.ts';
import { parseWith } from '../schemas/parse.ts';
import {
  aliasSchema,
  artifactSignatureSchema,
  externalPolicySchema,
  fixedPolicySchema,
} from '../schemas/registry.ts';
import { artifactHashOf } from '../serving/policy-loader.ts';
import { CHAMPION } from '../serving/served-surface.ts';
import type { Serving } from '../serving/serving.ts';
import { actorOf } from './actor.ts';
import { signingPolicies, type ArtifactSigner, type ArtifactTrust } from './artifact-signatures.ts';
import { authorise, coversSurface, type Principal } from './principal.ts';
import { mustFindSurface } from './surfaces.ts';

export interface Policies {
  list(principal: Principal, surface?: string): Promise<readonly PolicyVersion[]>;
  find(version: string, principal: Principal): Promise<PolicyVersion>;
  /** Takes artifact bytes; refused unless they decode and fit the surface they name. */
  publish(bytes: Uint8Array, principal: Principal): Promise<PolicyVersion>;
  /** Adds a signature that was made elsewhere; refused where it is by nobody who is trusted here. */
  sign(version: string, body: unknown, principal: Principal): Promise<PolicyVersion>;
  /** `{ surface, name }` names a policy of elsewhere; `{ surface, probabilities }` makes a fixed one. */
  declare(body: unknown, principal: Principal): Promise<PolicyVersion>;
  setAlias(surface: string, alias: string, body: unknown, principal: Principal): Promise<AliasAnswer>;
}

export interface AliasAnswer {
  readonly aliases: Readonly<Record<string, string>>;
  /** Limits of the surface that nothing holds under this champion; left out where there are none. */
  readonly warnings?: readonly string[];
}

export interface PoliciesDependencies {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly serving: Serving;
  /** Signs what is made here, and nothing that was sent. */
  readonly signer?: ArtifactSigner | undefined;
  readonly trust?: ArtifactTrust | undefined;
}

export function createPolicies(deps: PoliciesDependencies): Policies {
  const { policies } = deps;
  return {
    async list(principal, surface) {
      authorise(principal, 'view', surface);
      const all = await policies.list(principal.tenant, surface);
      return all.filter((policy) => coversSurface(principal, policy.surface));
    },
    async find(version, principal) {
      authorise(principal, 'view');
      const policy = await mustFindPolicy(policies, principal.tenant, version);
      authorise(principal, 'view', policy.surface);
      return policy;
    },
    publish: (bytes, principal) => publish(deps, bytes, principal),
    sign: (version, body, principal) => signVersion(deps, version, body, principal),
    declare: (body, principal) =>
      isFixed(body) ? publishFixed(deps, body, principal) : publishExternal(deps, body, principal),
    setAlias: (surface, alias, body, principal) => setAlias(deps, { surface, alias }, body, principal),
  };
}

const isFixed = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'probabilities' in body;

async function publishExternal(
  { surfaces, policies }: PoliciesDependencies,
  body: unknown,
  principal: Principal,
): Promise<PolicyVersion> {
  authorise(principal, 'train');
  const { surface, name, reason } = parseWith(externalPolicySchema, body);
  authorise(principal, 'train', surface);
  await mustFindSurface(surfaces, principal.tenant, surface);
  return await policies.publishExternal(surface, name, actorOf(principal, reason));
}

/** The same probabilities give the same bytes, so declaring them twice gives one version. */
async function publishFixed(
  { surfaces, policies, signer }: PoliciesDependencies,
  body: unknown,
  principal: Principal,
): Promise<PolicyVersion> {
  authorise(principal, 'train');
  const { surface: name, probabilities, reason } = parseWith(fixedPolicySchema, body);
  authorise(principal, 'train', name);
  const surface = await mustFindSurface(surfaces, principal.tenant, name);
  refuse('invalid_request', brokenDistributionRules(probabilities, surface.actions));
  const artifact = fixedPolicyArtifact(
    surface,
    surface.actions.map((action) => probabilities[action] ?? 0),
  );
  const bytes = encodeArtifact(artifact);
  const policy = { surface: name, header: artifact.header, bytes, hash: artifactHashOf(bytes) };
  return await signingPolicies(policies, signer ?? null).publish(policy, actorOf(principal, reason));
}

function brokenDistributionRules(
  probabilities: Readonly<Record<string, number>>,
  actions: readonly string[],
): Violation[] {
  const sum = Object.values(probabilities).reduce((total, p) => total + p, 0);
  return [
    ...Object.keys(probabilities)
      .filter((action) => !actions.includes(action))
      .map((action) => violation(`probabilities.${action}`, 'must be an action of the surface', action)),
    ...(Math.abs(sum - 1) <= 1e-9 ? [] : [violation('probabilities', 'must sum to 1', sum)]),
  ];
}

async function publish(
  { surfaces, policies }: PoliciesDependencies,
  bytes: Uint8Array,
  principal: Principal,
): Promise<PolicyVersion> {
  authorise(principal, 'train');
  const artifact = decodeArtifact(bytes);
  const { header } = artifact;
  authorise(principal, 'train', header.surface);
  const surface = await mustFindSurface(surfaces, principal.tenant, header.surface);
  compilePolicy(artifact, surface);
  const hash = artifactHashOf(bytes);
  return await policies.publish({ surface: header.surface, header, bytes, hash }, actorOf(principal));
}

async function signVersion(
  { policies, trust }: PoliciesDependencies,
  version: string,
  body: unknown,
  principal: Principal,
): Promise<PolicyVersion> {
  authorise(principal, 'train');
  const { keyId, signature, reason } = parseWith(artifactSignatureSchema, body);
  const policy = await mustFindPolicy(policies, principal.tenant, version);
  authorise(principal, 'train', policy.surface);
  if (policy.artifactHash !== null) refuseUntrusted(trust, policy, [{ keyId, signature }]);
  await policies.sign(version, { keyId, signature }, actorOf(principal, reason));
  return policy;
}

function refuseUntrusted(
  trust: ArtifactTrust | undefined,
  { version, artifactHash }: PolicyVersion,
  signatures: readonly ArtifactSignature[],
): void {
  if (artifactHash === null || trust === undefined) return;
  if (trust.signedBy(artifactHash, signatures) !== null) return;
  throw new AllotError('artifact_invalid', `no trusted key has signed the artifact of ${version}`);
}

async function setAlias(
  { surfaces, policies, serving, trust }: PoliciesDependencies,
  { surface, alias }: { readonly surface: string; readonly alias: string },
  body: unknown,
  principal: Principal,
): Promise<AliasAnswer> {
  authorise(principal, 'administer', surface);
  const { version, reason } = parseWith(aliasSchema, body);
  const name = parseWith(aliasNameSchema, alias);
  const declared = await mustFindSurface(surfaces, principal.tenant, surface);
  const policy = await mustBeServable(policies, principal.tenant, version, surface, name !== CHAMPION);
  await mustBeTrusted(policies, principal.tenant, policy, trust);
  await policies.setAlias(surface, name, policy.version, actorOf(principal, reason));
  await serving.refresh();
  const aliases = await policies.aliases(principal.tenant, surface);
  const warnings = name === CHAMPION ? unheldLimits(declared, policy) : [];
  return warnings.length === 0 ? { aliases } : { aliases, warnings };
}

const aliasNameSchema = externalPolicySchema.shape.name;

export async function mustFindPolicy(
  policies: PolicyStore,
  tenant: string,
  version: string,
): Promise<PolicyVersion> {
  const policy = await policies.find(tenant, version);
  if (policy === undefined) {
    throw new AllotError('policy_unknown', 'the policy version is not registered', {
      violations: [{ field: 'version', rule: 'must be a registered version', value: version.slice(0, 80) }],
    });
  }
  return policy;
}

/** A version of this surface; with an artifact, unless it only gets a name that is never served. */
export async function mustBeServable(
  policies: PolicyStore,
  tenant: string,
  version: string,
  surface: string,
  mayBeExternal = false,
): Promise<PolicyVersion> {
  const policy = await mustFindPolicy(policies, tenant, version);
  if (policy.surface !== surface) {
    throw new AllotError('state_conflict', `the policy version ${version} is for another surface`);
  }
  if (policy.artifactHash === null && !mayBeExternal) {
    throw new AllotError(
      'state_conflict',
      `the policy version ${version} has no artifact and cannot be served`,
    );
  }
  return policy;
}

/** Deciders would refuse it and serve the champion in its place: say so before anything depends on it. */
export async function mustBeTrusted(
  policies: PolicyStore,
  tenant: string,
  policy: PolicyVersion,
  trust: ArtifactTrust | undefined,
): Promise<void> {
  if (trust === undefined) return;
  refuseUntrusted(trust, policy, await policies.signatures(tenant, policy.version));
}
