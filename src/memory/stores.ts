import type { AllStores } from '../service/ports/all-stores.ts';
import { createApiKeyStore, createAuditLog, createControlReader } from './control.ts';
import { createDeadLetterStore, createDecisionReader, createEventStore } from './events.ts';
import { createExperimentUnits } from './experiment-units.ts';
import { createExperimentStore } from './experiments.ts';
import { createJoinReader } from './join-reader.ts';
import { createPolicyStore, createSurfaceStore } from './registry.ts';
import { createForecastStore, createJobQueue, createRunStore } from './runs.ts';
import { createShadowStore } from './shadows.ts';
import { createState, type MemoryState } from './state.ts';

/** Every store over one shared memory: for tests, and for anything that wants no database. */
export function createMemoryStores(
  options: { readonly now?: () => number } = {},
): AllStores & { readonly state: MemoryState } {
  const state = createState(options.now ?? (() => Date.now()));
  return {
    state,
    surfaces: createSurfaceStore(state),
    policies: createPolicyStore(state),
    experiments: createExperimentStore(state),
    experimentUnits: createExperimentUnits(state),
    events: createEventStore(state),
    deadLetters: createDeadLetterStore(state),
    decisions: createDecisionReader(state),
    join: createJoinReader(state),
    runs: createRunStore(state),
    forecasts: createForecastStore(state),
    shadows: createShadowStore(),
    audit: createAuditLog(state),
    keys: createApiKeyStore(state),
    control: createControlReader(state),
    jobs: createJobQueue(),
  };
}
