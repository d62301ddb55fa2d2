import { artifactKeys } from '../../compose/artifact-keys.ts';
import { AllotError } from '../../core/errors.ts';
import type { PolicyStore } from '../../service/ports/stores.ts';
import { mustFindPolicy } from '../../service/registry/policies.ts';
import { artifactHashOf } from '../../service/serving/policy-loader.ts';
import { withStores } from '../local/with-stores.ts';

export interface SignatureFinding {
  readonly version: string;
  /** null: no trusted key has signed what is stored. */
  readonly keyId: string | null;
  readonly finding: string;
}

/** Signs what is stored, after a look that it is what the version names; all versions or none. */
export function signVersions(
  tenant: string,
  versions: readonly string[],
): Promise<readonly SignatureFinding[]> {
  return withStores(async ({ policies }, config) => {
    const { signer } = artifactKeys(config);
    if (signer === undefined) {
      throw new AllotError('config_invalid', 'ALLOT_ARTIFACT_SIGNING_KEY must be set: it signs');
    }
    const hashes: string[] = [];
    for (const version of versions) hashes.push(await wholeArtifact(policies, tenant, version));
    const actor = { tenant, id: 'cli' };
    for (const [i, version] of versions.entries()) {
      await policies.sign(version, signer.sign(hashes[i]), actor);
    }
    return versions.map((version) => ({ version, keyId: signer.keyId, finding: 'signed' }));
  });
}

export function verifyVersions(
  tenant: string,
  versions: readonly string[],
): Promise<readonly SignatureFinding[]> {
  return withStores(async ({ policies }, config) => {
    const { trust } = artifactKeys(config);
    if (trust === undefined) {
      throw new AllotError(
        'config_invalid',
        'ALLOT_ARTIFACT_PUBLIC_KEYS must be set: it says who is trusted',
      );
    }
    const found: SignatureFinding[] = [];
    for (const version of versions) {
      const hash = await wholeArtifact(policies, tenant, version);
      const signatures = await policies.signatures(tenant, version);
      const keyId = trust.signedBy(hash, signatures);
      const others = signatures.map((signature) => signature.keyId).join(', ');
      const none =
        others === '' ? 'not signed' : `not signed by a trusted key, only under the names ${others}`;
      found.push({ version, keyId, finding: keyId === null ? none : 'signed' });
    }
    return found;
  });
}

/** The hash of the stored bytes, which must be the one that the version names. */
async function wholeArtifact(policies: PolicyStore, tenant: string, version: string): Promise<string> {
  const { artifactHash } = await mustFindPolicy(policies, tenant, version);
  if (artifactHash === null) throw new AllotError('state_conflict', `${version} has no artifact`);
  const bytes = await policies.artifact(tenant, version);
  if (bytes === undefined || artifactHashOf(bytes) !== artifactHash) {
    throw new AllotError('artifact_invalid', `the stored artifact of ${version} does not match its hash`);
  }
  return artifactHash;
}
