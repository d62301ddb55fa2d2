import { artifactKeys } from '../../compose/artifact-keys.ts';
import type { AllotConfig } from '../../config/config.ts';
import { type Finding, failure, ok, reasonOf } from './finding.ts';

/** Can the key files be read, and what is asked of artifacts here? */
export function checkArtifactKeys(config: AllotConfig): Finding {
  try {
    const { trust, signer } = artifactKeys(config);
    const asked =
      trust === undefined ? 'need no signature' : 'are served only when a trusted key has signed them';
    const signed = signer === undefined ? '' : `; published here under key ${signer.keyId}`;
    return ok('artifacts', `${asked}${signed}`);
  } catch (error) {
    return failure('artifacts', reasonOf(error), '`allot artifacts keygen` makes a pair of key files');
  }
}
