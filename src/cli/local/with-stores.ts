import { artifactKeys } from '../../compose/artifact-keys.ts';
import type { AllotConfig } from '../../config/config.ts';
import { readConfig } from '../../config/env.ts';
import { createLogger } from '../../observability/logger.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { signingPolicies } from '../../service/registry/artifact-signatures.ts';
import { openStores, type OpenStores } from './stores.ts';

/** Runs one command on the configured database and closes it, whatever happens. */
export const withStores = <T>(use: (stores: AllStores, config: AllotConfig) => Promise<T>): Promise<T> =>
  withDatabase(({ stores }, config) => {
    // What a command publishes it has made itself, so it is signed where there is a key.
    const { signer } = artifactKeys(config);
    return use({ ...stores, policies: signingPolicies(stores.policies, signer ?? null) }, config);
  });

/** The same for what needs the database itself. */
export async function withDatabase<T>(
  use: (opened: OpenStores, config: AllotConfig) => Promise<T>,
): Promise<T> {
  const config = readConfig();
  const opened = await openStores(config, createLogger('warn'));
  try {
    return await use(opened, config);
  } finally {
    await opened.close();
  }
}
