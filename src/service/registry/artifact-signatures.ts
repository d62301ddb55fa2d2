import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';
import { lengthPrefixed } from '../../core/math/length-prefixed.ts';
import type { ArtifactSignature } from '../ports/control.ts';
import type { PolicyStore } from '../ports/stores.ts';

export interface ArtifactSigner {
  readonly keyId: string;
  sign(artifactHash: string): ArtifactSignature;
}

/** Whom a decider believes. */
export interface ArtifactTrust {
  /** Id of a trusted key that signed exactly these bytes; null: none did. */
  signedBy(artifactHash: string, signatures: readonly ArtifactSignature[]): string | null;
}

/**
 * What an Ed25519 key signs: lengthPrefixed("allot/artifact-signature/v1", SHA-256 of the artifact in hex). The hash stands for
 * every byte, header and weights, so for surface, schema version and actions too; the words before it keep a signature
 * that the key made for something else from counting here.
 */
const signedBytes = (artifactHash: string): Uint8Array =>
  lengthPrefixed('allot/artifact-signature/v1', artifactHash);

/** Names a public key: the first 64 bits of SHA-256 over its SPKI form, hex. To find the key, never to trust it. */
export const artifactKeyId = (publicKey: KeyObject): string =>
  hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16);

/** @param privateKey Ed25519 */
export function createArtifactSigner(privateKey: KeyObject): ArtifactSigner {
  const keyId = artifactKeyId(createPublicKey(privateKey));
  return {
    keyId,
    sign(artifactHash) {
      const signature = sign(null, signedBytes(artifactHash), privateKey).toString('base64url');
      return { keyId, signature };
    },
  };
}

/** @param publicKeys Ed25519; one signature by any of them is enough, so that keys can be changed one after the other */
export function createArtifactTrust(publicKeys: readonly KeyObject[]): ArtifactTrust {
  const keys = new Map(publicKeys.map((key) => [artifactKeyId(key), key]));
  return {
    signedBy(artifactHash, signatures) {
      const bytes = signedBytes(artifactHash);
      for (const { keyId, signature } of signatures) {
        const key = keys.get(keyId);
        if (key !== undefined && verify(null, bytes, key, Buffer.from(signature, 'base64url'))) return keyId;
      }
      return null;
    },
  };
}

/** Signs whatever is published through it. */
export function signingPolicies(policies: PolicyStore, signer: ArtifactSigner | null): PolicyStore {
  if (signer === null) return policies;
  return {
    ...policies,
    publish: (policy, actor) =>
      policies.publish({ ...policy, signature: policy.signature ?? signer.sign(policy.hash) }, actor),
  };
}
