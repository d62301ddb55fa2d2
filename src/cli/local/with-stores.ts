import type { AllotConfig } from '../../config/config.ts';
import { readConfig } from '../../config/env.ts';
import { createLogger } from '../../observability/logger.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { openStores, type OpenStores } from './stores.ts';

/** Runs one command on the configured database and closes it, whatever happens. */
export const withStores = <T>(use: (stores: AllStores, config: AllotConfig) => Promise<T>): Promise<T> =>
  withDatabase(({ stores }, config) => use(stores, config));

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
