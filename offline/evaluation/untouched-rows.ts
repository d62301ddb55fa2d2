import type { PolicyArtifact } from '../../src/core/policy/artifact.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { splitByUnitAndTime } from '../dataset/split.ts';
import { splitConfig } from '../learning/config.ts';

/**
 * Which rows the candidate's training never saw. The split is a function of the unit's id and of the settings in the
 * artifact's lineage, so it holds on any snapshot: units that were trained on are left out wherever they turn up. A
 * policy that was not learned from a snapshot has seen nothing.
 */
export function untouchedRows(dataset: Dataset, artifact: PolicyArtifact): (row: number) => boolean {
  const { snapshotHash, config } = artifact.header.lineage;
  if (snapshotHash === null) return () => true;
  const split = splitConfig.parse(config.split ?? {});
  // By unit, even where training also cut time: the cut depends on the snapshot, the unit's place does not.
  const test = new Set(splitByUnitAndTime(dataset, { ...split, by: 'unit' }).test);
  return (row) => test.has(row);
}
