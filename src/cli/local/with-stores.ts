import type { AllotConfig } from '../../config/config.ts';
import { readConfig } from '../../config/env.ts';
import { createLogger } from '../../observability/logger.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { openStores } from './stores.ts';

/** Runs one command on the configured database and closes it, whatever happens. */
export async function withStores<T>(use: (stores: AllStores, config: AllotConfig) => Promise<T>): Promise<T> {
  const config = readConfig();
  const opened = await openStores(config, createLogger('warn'));
  try {
    return await use(opened.stores, config);
  } finally {
    await opened.close();
  }
}
