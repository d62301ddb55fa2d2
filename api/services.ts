import { randomBytes } from 'node:crypto';
import type { AnalyseExperiment } from '../src/service/experiments/find-experiment.ts';
import { createExperiments, type Experiments } from '../src/service/experiments/experiments.ts';
import { createEvidence, type Evidence } from '../src/service/experiments/evidence.ts';
import { createDecisions, type Decisions } from '../src/service/feedback/decisions.ts';
import { createFeedback, type Feedback } from '../src/service/feedback/feedback.ts';
import type { PseudonymOf } from '../src/service/identity/pseudonyms.ts';
import type { EventJournal } from '../src/service/ports/event-log.ts';
import type { Logger } from '../src/service/ports/logger.ts';
import type { Metrics } from '../src/service/ports/metrics.ts';
import type { ForecastStore, RunStore } from '../src/service/ports/runs.ts';
import type { ShadowStore } from '../src/service/ports/shadows.ts';
import type {
  AuditEntry,
  AuditLog,
  DecisionReader,
  ExperimentStore,
  PolicyStore,
  SurfaceStore,
} from '../src/service/ports/stores.ts';
import type { ArtifactSigner, ArtifactTrust } from '../src/service/registry/artifact-signatures.ts';
import { createPolicies, type Policies } from '../src/service/registry/policies.ts';
import { authoriseWhole, type Principal } from '../src/service/registry/principal.ts';
import { createRuns, type Runs } from '../src/service/registry/runs.ts';
import { createSurfaces, type Surfaces } from '../src/service/registry/surfaces.ts';
import { createHealth, type Health } from '../src/service/serving/health.ts';
import { RateLimiter, type RateLimits } from '../src/service/serving/rate-limiter.ts';
import type { Serving, ServingSecrets } from '../src/service/serving/serving.ts';

/** Everything HTTP can ask for: one use case per member. `createApp` and `createServer` take nothing else. */
export interface ApiServices {
  readonly serving: Serving;
  readonly feedback: Feedback;
  readonly decisions: Decisions;
  readonly surfaces: Surfaces;
  readonly policies: Policies;
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly audit: { list(principal: Principal, limit: number): Promise<readonly AuditEntry[]> };
  readonly evidence: Evidence;
  readonly health: Health;
  /** Prometheus text. */
  readonly metricsText: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: ApiLimits;
  readonly pages: PageOptions;
  /** Requests per key. */
  readonly rates: RateLimiter;
}

export interface ApiLimits {
  readonly bodyBytes: number;
  readonly artifactBytes: number;
}

export interface PageOptions {
  /** A key in the address opens a session: only the demo prints such a link. */
  readonly isDemo: boolean;
  /** False: pages are looked at over plain HTTP from elsewhere. */
  readonly hasSecureCookies: boolean;
}

/** The ports that the api needs; `src/cli/local/stores.ts` and `createMemoryStores()` have them all. */
export interface ApiStores {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly experiments: ExperimentStore;
  readonly decisions: DecisionReader;
  readonly runs: RunStore;
  readonly forecasts: ForecastStore;
  readonly shadows: ShadowStore;
  readonly audit: AuditLog;
}

export interface ServicesOptions {
  readonly stores: ApiStores;
  readonly serving: Serving;
  readonly journal: EventJournal;
  readonly secrets: Pick<ServingSecrets, 'drawKey'>;
  /** Default: units keep the ids they come with. */
  readonly pseudonymOf?: PseudonymOf;
  readonly signer?: ArtifactSigner | undefined;
  /** Default: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly analyse: AnalyseExperiment;
  readonly metricsText?: ApiServices['metricsText'];
  readonly maxStalenessMs?: number;
  readonly bodyLimitBytes?: number;
  /** Default: none. */
  readonly rateLimits?: RateLimits;
  /** Default: not the demo, cookies kept for TLS. */
  readonly pages?: PageOptions;
}

const noMetricsText = (): Promise<{ contentType: string; text: string }> =>
  Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: '' });

export function createServices(options: ServicesOptions): ApiServices {
  const { stores, serving, journal, clock, logger, metrics } = options;
  const { surfaces, policies, experiments, runs } = stores;
  const salt = (): string => randomBytes(8).toString('hex');
  return {
    serving,
    feedback: createFeedback({ serving, journal, clock, metrics }),
    decisions: createDecisions({
      reader: stores.decisions,
      journal,
      surfaces,
      policies,
      serving,
      drawKey: options.secrets.drawKey,
    }),
    surfaces: createSurfaces({ surfaces, policies, serving }),
    policies: createPolicies({ ...options, surfaces, policies }),
    experiments: createExperiments({ ...options, experiments, surfaces, policies, salt }),
    runs: createRuns({ runs, surfaces }),
    audit: {
      list(principal, limit) {
        authoriseWhole(principal, 'administer');
        return stores.audit.list(principal.tenant, limit);
      },
    },
    evidence: createEvidence(stores),
    health: createHealth({ serving, journal, metrics, maxStalenessMs: options.maxStalenessMs ?? 60_000 }),
    metricsText: options.metricsText ?? noMetricsText,
    metrics,
    logger,
    limits: { bodyBytes: options.bodyLimitBytes ?? 1_048_576, artifactBytes: 64 * 1_048_576 },
    pages: options.pages ?? { isDemo: false, hasSecureCookies: true },
    rates: new RateLimiter(options.rateLimits ?? {}),
  };
}
