import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createServices, type ApiServices } from '../../api/services.ts';
import type { AllotConfig } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import { artifactKeys } from './artifact-keys.ts';
import { createBreakGlassFile } from '../disk/break-glass-file.ts';
import { createLastGoodCopy } from '../disk/last-good-copy.ts';
import type { Journal } from '../journal/journal.ts';
import type { MetricsWithText } from '../observability/metrics.ts';
import { createExperimentAnalysis } from '../service/experiment-analysis/experiment-analysis.ts';
import { createPseudonyms } from '../service/identity/pseudonyms.ts';
import type { AllStores } from '../service/ports/all-stores.ts';
import type { Logger } from '../service/ports/logger.ts';
import { createServing, type Serving } from '../service/serving/serving.ts';

/** The deciders and the use cases behind the HTTP API. */
export function createApi(parts: {
  readonly config: AllotConfig;
  readonly stores: AllStores;
  readonly journal: Journal;
  readonly secrets: Secrets;
  readonly logger: Logger;
  readonly metrics: MetricsWithText;
}): { readonly serving: Serving; readonly services: ApiServices } {
  const { config, stores, metrics, secrets } = parts;
  const identity = config.pseudonymousUnits ? { pseudonymOf: createPseudonyms(secrets.pseudonymKey) } : {};
  const keys = artifactKeys(config);
  const clock = Date.now;
  const serving = createServing({
    ...parts,
    ...identity,
    ...keys,
    control: stores.control,
    lastGood: createLastGoodCopy(config.dataDir),
    breakGlass: createBreakGlassFile(config.dataDir),
    clock,
    // Containers share names and process ids: two that were one replica would confirm for each other.
    replicaId: `${hostname()}/${String(process.pid)}/${randomBytes(4).toString('hex')}`,
    pollMs: config.control.pollMs,
  });
  const analysis = createExperimentAnalysis(stores);
  const services = createServices({
    ...parts,
    ...identity,
    ...keys,
    serving,
    clock,
    analyse: (tenant, experiment) => analysis.look(tenant, experiment, clock()),
    metricsText: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    maxStalenessMs: config.control.maxStalenessMs,
    bodyLimitBytes: config.http.bodyLimitBytes,
    rateLimits: config.http.rateLimits,
    pages: config.http.pages,
  });
  return { serving, services };
}
