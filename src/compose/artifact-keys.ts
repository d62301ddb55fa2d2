import { readSigningKey, readTrustedKeys } from '../config/artifact-keys.ts';
import type { AllotConfig } from '../config/config.ts';
import {
  createArtifactSigner,
  createArtifactTrust,
  type ArtifactSigner,
  type ArtifactTrust,
} from '../service/registry/artifact-signatures.ts';

/** Who is believed and who signs here, from the files that the settings name. Refuses with `config_invalid`. */
export function artifactKeys({ artifacts }: AllotConfig): {
  readonly trust: ArtifactTrust | undefined;
  readonly signer: ArtifactSigner | undefined;
} {
  const trusted = readTrustedKeys(artifacts);
  const signing = readSigningKey(artifacts);
  return {
    trust: trusted === null ? undefined : createArtifactTrust(trusted),
    signer: signing === null ? undefined : createArtifactSigner(signing),
  };
}
