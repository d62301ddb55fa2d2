import { createMemoryStores } from '../../../src/memory/stores.ts';
import { createPostgresStores } from '../../../src/postgres/stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { controlContract } from './control.ts';
import { eventContract } from './events.ts';
import { experimentUnitsContract } from './experiment-units.ts';
import { experimentContract } from './experiments.ts';
import { joinReaderContract } from './join-reader.ts';
import { registryContract } from './registry.ts';
import { runContract } from './runs.ts';
import type { OpenStores } from './support.ts';

const adapters: Record<string, OpenStores> = {
  memory: async () => ({ stores: createMemoryStores(), close: async () => undefined }),
  PostgreSQL: async () => {
    const database = await createTestDatabase();
    return { stores: createPostgresStores(database.pool), close: () => database.drop() };
  },
};

for (const [name, open] of Object.entries(adapters)) {
  registryContract(name, open);
  experimentContract(name, open);
  experimentUnitsContract(name, open);
  runContract(name, open);
  controlContract(name, open);
  eventContract(name, open);
  joinReaderContract(name, open);
}
