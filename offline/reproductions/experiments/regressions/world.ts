import type { AllotClient } from '../../../../src/client/client.ts';

/** Running processes that regressions are planted in: api replicas, one that takes feedback, a controller, a database. */
export interface RegressionWorld {
  /** One per replica that decides. */
  readonly clients: readonly AllotClient[];
  /** A process of its own that takes feedback: where a pipeline is made to stand still. */
  readonly collector: AllotClient;
  freezeCollector(): void;
  thawCollector(): void;
  /** What the service splits units by: a cache in front of it that knows nothing of variants may still cut along it. */
  readonly assignmentKey: Uint8Array;
  /** Units that entered an experiment's sums, and those of them that entered without feedback to their first decision. */
  entered(experiment: string): Promise<{ readonly units: number; readonly withoutFeedback: number }>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
