import type { ControlReader } from './control.ts';
import type { ExperimentUnits } from './experiment-units.ts';
import type { JoinReader } from './join-reader.ts';
import type { ForecastStore, JobQueue, RunStore } from './runs.ts';
import type { ShadowStore } from './shadows.ts';
import type {
  ApiKeyStore,
  AuditLog,
  DeadLetterStore,
  DecisionReader,
  EventStore,
  ExperimentStore,
  PolicyStore,
  SurfaceStore,
} from './stores.ts';

/** Every store and read model over one database (or one memory): what a composition root hands out. */
export interface AllStores {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly experiments: ExperimentStore;
  readonly experimentUnits: ExperimentUnits;
  readonly events: EventStore;
  readonly deadLetters: DeadLetterStore;
  readonly decisions: DecisionReader;
  readonly join: JoinReader;
  readonly runs: RunStore;
  readonly forecasts: ForecastStore;
  readonly shadows: ShadowStore;
  readonly audit: AuditLog;
  readonly keys: ApiKeyStore;
  readonly control: ControlReader;
  readonly jobs: JobQueue;
}
