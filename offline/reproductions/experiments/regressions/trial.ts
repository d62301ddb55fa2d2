import { experimentBucket, variantIndex } from '../../../../src/core/experiment/assign.ts';
import type { Experiment } from '../../../../src/core/experiment/experiment.ts';
import type { Ledger } from './ledger.ts';
import type { Scenario } from './scenario.ts';
import type { Visitors } from './visitors.ts';

/** One experiment while it runs. */
export interface Trial {
  readonly scenario: Scenario;
  /** Name of its surface and of the experiment. */
  readonly id: string;
  readonly treatment: string;
  readonly visitors: Visitors;
  readonly ledger: Ledger;
  readonly startedAt: number;
  /** null: not yet. */
  plantedAt: number | null;
  /** When a frozen pipeline was let go on. */
  releasedAt: number | null;
  /** As read last. */
  experiment: Experiment;
}

/** Does this unit reach the service at all? */
export function reachesService(trial: Trial, assignmentKey: Uint8Array, unitId: string): boolean {
  const { scenario, plantedAt, experiment } = trial;
  if (plantedAt === null) return true;
  if (scenario.fault === 'no traffic' || scenario.fault === 'never any traffic') return false;
  return (
    scenario.fault !== 'split broken' || !isCut(experiment, assignmentKey, unitId, scenario.lostShare ?? 1)
  );
}

/** A cache in front of the service answers a range of buckets: the upper share of those that the treatment owns. */
function isCut(experiment: Experiment, assignmentKey: Uint8Array, unitId: string, share: number): boolean {
  const bucket = experimentBucket(assignmentKey, experiment, unitId);
  const block = experiment.blocks.find(
    ({ fromBucket, toBucket }) => bucket >= fromBucket && bucket < toBucket,
  );
  if (block === undefined || variantIndex(block, 2, bucket) !== 1) return false;
  const width = block.toBucket - block.fromBucket;
  return (block.toBucket - bucket) / (width / 2) <= share;
}
