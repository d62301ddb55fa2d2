import type pg from 'pg';
import type { AllStores } from '../service/ports/all-stores.ts';
import { createApiKeyStore } from './api-key-store.ts';
import { createAuditLog } from './audit-log.ts';
import { createControlReader } from './control-reader.ts';
import { createDeadLetterStore } from './dead-letter-store.ts';
import { createDecisionReader } from './decision-reader.ts';
import { createEventStore } from './event-store.ts';
import { createExperimentStore } from './experiment-store.ts';
import { createExperimentUnits } from './experiment-units.ts';
import { createForecastStore } from './forecast-store.ts';
import { createJoinReader } from './join-reader.ts';
import { createPolicyStore } from './policy-store.ts';
import { createJobQueue } from './run-jobs.ts';
import { createRunStore } from './run-store.ts';
import { createShadowStore } from './shadow-store.ts';
import { createSurfaceStore } from './surface-store.ts';

/** All stores. What is asked for control is small and must never wait for the log: it may have a pool of its own. */
export function createPostgresStores(pool: pg.Pool, controlPool: pg.Pool = pool): AllStores {
  return {
    surfaces: createSurfaceStore(controlPool),
    policies: createPolicyStore(controlPool),
    experiments: createExperimentStore(controlPool),
    experimentUnits: createExperimentUnits(pool),
    events: createEventStore(pool),
    deadLetters: createDeadLetterStore(pool),
    decisions: createDecisionReader(pool),
    join: createJoinReader(pool),
    runs: createRunStore(pool),
    forecasts: createForecastStore(pool),
    shadows: createShadowStore(pool),
    audit: createAuditLog(pool),
    keys: createApiKeyStore(controlPool),
    control: createControlReader(controlPool),
    jobs: createJobQueue(pool),
  };
}
