import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createApi } from '../../src/compose/api.ts';
import { secretsOf } from '../../src/compose/secrets.ts';
import { readConfig } from '../../src/config/env.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { silentLogger as logger } from '../../src/service/ports/logger.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-api-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('two processes of one name and process id, as in containers, are two replicas', async () => {
  const config = readConfig({ ALLOT_DATA_DIR: folder });
  const metrics = createMetrics();
  const journal = await openJournal({ ...config.journal, logger, metrics });
  const parts = { config, journal, secrets: secretsOf(config), logger, metrics };
  const stores = createMemoryStores();
  const replicas = [1, 2].map(() => createApi({ ...parts, stores }).serving);
  for (const serving of replicas) await serving.start();
  expect(await stores.control.replicas()).toHaveLength(2);
  for (const serving of replicas) await serving.stop();
  await journal.close();
});
