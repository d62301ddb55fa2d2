import { artifactKeys } from '../../compose/artifact-keys.ts';
import type { AllotConfig } from '../../config/config.ts';
import { readConfig } from '../../config/env.ts';
import { createLogger } from '../../observability/logger.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { signingPolicies } from '../../service/registry/artifact-signatures.ts';
import { openStores, type OpenStores } from './stores.ts';

/** Runs one command on the configured database and closes it, whatever happens. */
export const withStores = <T>(use: (stores: AllStores, config: AllotConfig) => Promise<T>): Promise<T> =>
  withDatabase(({ stores }, config) => use(stores, config));

/** The same for what needs the database itself. What a command publishes it has made, so it is signed where there is a key. */
export async function withDatabase<T>(
  use: (opened: OpenStores, config: AllotConfig) => Promise<T>,
): Promise<T> {
  const config = readConfig();
  const { signer } = artifactKeys(config);
  const opened = await openStores(config, createLogger('warn'));
  try {
    const policies = signingPolicies(opened.stores.policies, signer ?? null);
    return await use({ ...opened, stores: { ...opened.stores, policies } }, config);
  } finally {
    await opened.close();
  }
}
